"""all-MiniLM-L6-v2 in numpy: its weights from the published file, and what it makes of tokens."""

import hashlib
import json
import struct

import numpy as np

SUMS = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
HEADS = 12
LAYERS = 6
EPSILON = 1e-12


def read(folder):
    """Vocabulary and weights, if they are the very files that this was written for."""
    content = {}
    for name, expected in SUMS.items():
        content[name] = (folder / name).read_bytes()
        found = hashlib.sha256(content[name]).hexdigest()
        if found != expected:
            raise SystemExit(f"{name} is not the expected file (sha256 {found}); nothing was built.")
    raw = content["model.safetensors"]
    (length,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8 : 8 + length])
    weights = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        start, end = (8 + length + at for at in entry["data_offsets"])
        weights[name] = np.frombuffer(raw[start:end], "<f4").reshape(entry["shape"])
    return content["vocab.txt"].decode().splitlines(), weights


def erf(x):
    """Abramowitz and Stegun 7.1.26; off by less than 1.5e-7."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    series = ((((1.061405429 * t - 1.453152027) * t) + 1.421413741) * t - 0.284496736) * t + 0.254829592
    return np.sign(x) * (1 - series * t * np.exp(-x * x))


def normalise(x, weights, name):
    mean = x.mean(-1, keepdims=True)
    spread = np.sqrt(((x - mean) ** 2).mean(-1, keepdims=True) + EPSILON)
    return (x - mean) / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def linear(x, weights, name):
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def embed(ids, weights):
    """The mean over all positions of (batch, length) ids, all of one length, so that none is masked."""
    batch, length = ids.shape
    x = (
        weights["embeddings.word_embeddings.weight"][ids]
        + weights["embeddings.position_embeddings.weight"][:length]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    x = normalise(x, weights, "embeddings.LayerNorm")
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}"

        def heads(part):
            y = linear(x, weights, f"{layer}.attention.self.{part}")
            return y.reshape(batch, length, HEADS, -1).transpose(0, 2, 1, 3)

        query, key, value = heads("query"), heads("key"), heads("value")
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(query.shape[-1]))
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True)) @ value
        mixed = mixed.transpose(0, 2, 1, 3).reshape(batch, length, -1)
        attended = linear(mixed, weights, f"{layer}.attention.output.dense")
        x = normalise(x + attended, weights, f"{layer}.attention.output.LayerNorm")
        inner = linear(x, weights, f"{layer}.intermediate.dense")
        inner = inner * np.float32(0.5) * (1 + erf(inner / np.float32(np.sqrt(2))))
        grown = linear(inner, weights, f"{layer}.output.dense")
        x = normalise(x + grown, weights, f"{layer}.output.LayerNorm")
    return x.mean(1)
