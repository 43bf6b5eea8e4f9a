"""Whether two models are the same for every purpose: compare.py COMMITTED REBUILT

The committed file must be the one whose sum stands beside it and whose vectors are in `parity.json`. The
rebuilt one must turn each text of `trial.json` the same way (cosine at least 0.999) and find as much:
recall may differ by one question at most.
"""

import hashlib
import json
import pathlib
import sys

import numpy as np

import model

HERE = pathlib.Path(__file__).parent
ALIKE = 0.999
PARITY = 0.9999
FOUND_AMONG = 5


def vectors(found, texts):
    return np.stack([found.embed(text) for text in texts])


def recall(found, trial):
    """How many questions have their passage among the first five."""
    passages = vectors(found, trial["passages"])
    hits = 0
    for question in trial["questions"]:
        order = np.argsort(-(passages @ found.embed(question["text"])), kind="stable")
        hits += question["passage"] in order[:FOUND_AMONG]
    return hits


def main(committed, rebuilt):
    problems = []
    digest = hashlib.sha256(pathlib.Path(committed).read_bytes()).hexdigest()
    if pathlib.Path(f"{committed}.sha256").read_text().split()[0] != digest:
        problems.append("the committed file is not the one that its .sha256 names")
    old, new = model.Model(committed), model.Model(rebuilt)
    parity = json.loads((HERE / "parity.json").read_text())
    for row in parity:
        then, now = np.array(row["vector"], float), old.embed(row["text"])
        length = np.linalg.norm(then)
        if (then @ now / length if length else 1 - np.linalg.norm(now)) < PARITY:
            problems.append(f"parity.json is of another model: {row['text'][:40]!r}")
    trial = json.loads((HERE / "trial.json").read_text())
    texts = trial["passages"] + [question["text"] for question in trial["questions"]]
    cosines = (vectors(old, texts) * vectors(new, texts)).sum(1)
    print(f"cosine over {len(texts)} texts: least {cosines.min():.6f}, mean {cosines.mean():.6f}")
    if cosines.min() < ALIKE:
        problems.append(f"a text points elsewhere: {texts[int(cosines.argmin())]!r}")
    before, after = recall(old, trial), recall(new, trial)
    print(f"found among the first {FOUND_AMONG}, of {len(trial['questions'])} questions: {before} committed, {after} rebuilt")
    if abs(before - after) > 1:
        problems.append("recall differs")
    same = pathlib.Path(committed).read_bytes() == pathlib.Path(rebuilt).read_bytes()
    print("the two files are the same, byte for byte" if same else "the bytes differ, as they may")
    for problem in problems:
        print(f"WRONG: {problem}", file=sys.stderr)
    sys.exit(bool(problems))


if __name__ == "__main__":
    main(*sys.argv[1:])
