"""Text to tokens as uncased BERT does it, with one difference: a symbol stands alone, as punctuation
does, so that an emoji at the end of a word does not make the word unknown.

`src/outside/embedding/builtin` does the same from the table of characters in the model's file.
`parity.json` holds vectors that a test compares with the program's.
"""

import unicodedata

LONGEST_WORD = 100
MOST_TOKENS = 256

PART, NOTHING, SPACE, ALONE = range(4)

CJK = [
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2CEAF),
    (0x2F800, 0x2FA1F),
]
# Also what a later Unicode puts there.
PICTURES = (0x1F000, 0x1FAFF)


def kind(c):
    """What a character does to a word: part of it, not there, an end, or a word of its own."""
    category = unicodedata.category(c)
    if c in "\t\n\r" or category[0] == "Z":
        return SPACE
    if category in ("Cc", "Cf", "Mn"):
        return NOTHING
    if category[0] in "PS" or any(low <= ord(c) <= high for low, high in [*CJK, PICTURES]):
        return ALONE
    return PART


def kinds():
    """(first, last, kind) of all characters that are not simply part of a word, in order."""
    ranges = []
    for code in range(0x110000):
        if 0xD800 <= code <= 0xDFFF:
            continue
        found = kind(chr(code))
        if found == PART:
            continue
        if ranges and ranges[-1][1] == code - 1 and ranges[-1][2] == found:
            ranges[-1][1] = code
        else:
            ranges.append([code, code, found])
    return ranges


def words(text):
    """Lower case, without accents."""
    word = []
    for c in unicodedata.normalize("NFD", text):
        does = kind(c)
        if does == PART:
            # A letter in lower case may carry an accent that the letter itself did not.
            lower = unicodedata.normalize("NFD", c.lower())
            word.extend(x for x in lower if kind(x) != NOTHING)
        elif does != NOTHING:
            if word:
                yield "".join(word)
                word = []
            if does == ALONE:
                yield c
    if word:
        yield "".join(word)


def tokens(text, vocabulary):
    """Ids of the longest pieces from the left. A word that the vocabulary cannot spell has none, but its place."""
    found = []
    for word in words(text):
        if len(found) >= MOST_TOKENS:
            break
        found.extend(pieces(word, vocabulary) or [None])
    return [piece for piece in found[:MOST_TOKENS] if piece is not None]


def pieces(word, vocabulary):
    found, start = [], 0
    while start < len(word) <= LONGEST_WORD:
        end = len(word)
        while end > start:
            piece = vocabulary.get(("##" if start else "") + word[start:end])
            if piece is not None:
                break
            end -= 1
        if end == start:
            return []
        found.append(piece)
        start = end
    return found
