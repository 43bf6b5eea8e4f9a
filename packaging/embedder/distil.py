"""Makes `static-minilm-256.q8` out of all-MiniLM-L6-v2: distil.py WEIGHTS-FOLDER OUTPUT

Every token of the vocabulary goes through the model as [CLS] token [SEP]; the mean over the three
positions is the token's vector. Principal components bring 384 numbers to 256; a weight by the token's
rank in the vocabulary (which is roughly one of frequency) makes rare words count more than common ones;
each row becomes 256 signed bytes and one scale. A text is then the sum of its tokens' rows
(`model.py`).

Two machines need not get the same bytes: sums of 32-bit floats depend on the processor's instructions,
the number of threads (the committed file was made with two) and numpy's mathematical library, and the
components inherit that. Nor is the table of characters the same under every Python, which brings its own
version of Unicode. `compare.py` says what must agree instead.
"""

import pathlib
import sys

import numpy as np

import minilm
import model

NUMBERS = 256
SMOOTHING = 1e-4
BATCH = 512


def kept(vocabulary):
    """Ids with a meaning: no reserved places, no marks of the model's own."""
    marks = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
    return np.array(
        [i for i, word in enumerate(vocabulary) if not word.startswith("[unused") and word not in marks]
    )


def vectors(ids, vocabulary, weights):
    first, last = vocabulary.index("[CLS]"), vocabulary.index("[SEP]")
    rows = []
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        framed = np.stack([np.full_like(part, first), part, np.full_like(part, last)], 1)
        rows.append(minilm.embed(framed, weights))
    return np.concatenate(rows)


def reduced(rows):
    """The rows' strongest components, in 64 bits so that the order of sums hardly matters."""
    rows = rows.astype(np.float64)
    rows -= rows.mean(0)
    _, directions = np.linalg.eigh(rows.T @ rows)
    return rows @ directions[:, ::-1][:, :NUMBERS]


def oriented(rows):
    """A component and its opposite are equally right; two builds choose the same, by the longer tail."""
    return rows * np.sign((rows**3).sum(0))


def rarity(ids):
    """Smooth inverse frequency, the frequency taken from the rank as Zipf's law has it."""
    share = 1.0 / (np.arange(len(ids)) + 2)
    share /= share.sum()
    return SMOOTHING / (SMOOTHING + share)


def quantised(rows):
    scales = np.maximum(np.abs(rows).max(1), 1e-12) / 127
    return scales, np.rint(rows / scales[:, None]).astype(np.int8)


def main(folder, output):
    vocabulary, weights = minilm.read(pathlib.Path(folder))
    ids = kept(vocabulary)
    rows = oriented(reduced(vectors(ids, vocabulary, weights)) * rarity(ids)[:, None])
    model.write(output, [vocabulary[i] for i in ids], *quantised(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
