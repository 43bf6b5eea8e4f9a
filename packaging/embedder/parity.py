"""Writes the vectors that the program must make, too: parity.py MODEL > parity.json

Numbers are rounded to four places and told as integers, which moves a cosine by some 1e-7.
"""

import json
import sys

import model

TEXTS = [
    "",
    "   \t\n ",
    "Where does my sister live?",
    "The quick brown fox jumps over the lazy dog.",
    "I'm allergic to peanuts, and so is Tom's brother-in-law!",
    "Ünïcödé Straße, naïve café, El Niño, Ελλάδα ΟΔΟΣ, İstanbul",
    "e\u0301te\u0301 and \u00e9t\u00e9 are the same",
    "日本語のテキスト and 東京, 한국어, русский язык",
    "हिन्दी भाषा, ไทย ภาษา, עִבְרִית, العَرَبِيَّة",
    "love it😀 👩‍👩‍👧 👍🏽 see you❤️ :-)",
    "5€ or $7.50, 100% ± 3°, a<b && c>=d, `x`^2 ~ y|z",
    "https://example.com/a_b?c=d&e=f#g user@example.com",
    "pneumonoultramicroscopicsilicovolcanoconiosis antidisestablishmentarianism",
    "a" * 100 + " " + "b" * 101 + " end",
    "zero\u200bwidth soft\u00adhyphen no\u00a0break line\u2028sep nul\x00in\ufffdside",
    "ﬁne ½ Ⅷ ß ẞ ǅ \u0149 İ ı ſ",
    "…–—·§©®™°±“quoted”‘single’«guillemets»",
    "𝓕𝓪𝓷𝓬𝔂 𠀀𠀁 🏳️‍🌈 \U000e0041",
    "word " * 400,
    "😀 " * 250 + "one two three four five six seven eight nine",
    "Ada: We moved to Lisbon on 3 March 2024, after two years in Kraków.",
    "the of and to a in",
]


def main(path):
    found = model.Model(path)
    rows = [{"text": text, "vector": [round(x * 10_000) for x in found.embed(text)]} for text in TEXTS]
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    print(f"[\n{lines}\n]")


if __name__ == "__main__":
    main(*sys.argv[1:])
