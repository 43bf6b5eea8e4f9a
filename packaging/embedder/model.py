"""The model's file as a reader sees it, and vectors of texts out of it.

Little-endian throughout:
    8 bytes  "NOVASTAT"          4 version, 1      4 numbers a row      4 rows
    4        bytes of words      4 ranges of characters
    words    each with a line feed after it, in the order of the rows
    ranges   first (u32), last (u32), kind (u32: 1 not there, 2 space, 3 stands alone)
    scales   one f32 a row
    rows     numbers * i8 each
"""

import pathlib
import struct

import numpy as np

import tokens

MAGIC = b"NOVASTAT"
VERSION = 1
HEAD = "<8sIIIII"


def write(path, words, scales, rows):
    text = "".join(f"{word}\n" for word in words).encode()
    ranges = tokens.kinds()
    head = struct.pack(HEAD, MAGIC, VERSION, rows.shape[1], len(words), len(text), len(ranges))
    table = np.array(ranges, "<u4").tobytes()
    content = head + text + table + scales.astype("<f4").tobytes() + rows.astype(np.int8).tobytes()
    pathlib.Path(path).write_bytes(content)


class Model:
    def __init__(self, path):
        raw = pathlib.Path(path).read_bytes()
        magic, version, numbers, rows, text, ranges = struct.unpack_from(HEAD, raw)
        if (magic, version) != (MAGIC, VERSION):
            raise SystemExit(f"{path} is no model of this version.")
        at = struct.calcsize(HEAD)
        words = raw[at : at + text].decode().split("\n")[:-1]
        at += text + 12 * ranges
        scales = np.frombuffer(raw, "<f4", rows, at)
        bytes_ = np.frombuffer(raw, np.int8, rows * numbers, at + 4 * rows).reshape(rows, numbers)
        self.vocabulary = {word: row for row, word in enumerate(words)}
        self.rows = bytes_ * scales[:, None]

    def embed(self, text):
        """Of length 1, or all zero when no token is known."""
        total = self.rows[tokens.tokens(text, self.vocabulary)].sum(0, dtype=np.float64)
        return total / (np.linalg.norm(total) or 1.0)
