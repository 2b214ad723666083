#!/usr/bin/env python3
"""Writes the table of src/judge/rules/scan/rarity.txt: how rare one octet is after another in mail.

rarity.py OUT FILE... : a file is taken as it is, without lines of base64; one whose name ends in .bin is text of mails as sa_text.pl writes it.
65 lines of 64 letters, column = class of an octet, letter = half bits of its rarity, from `0`: first alone, then after
each class of octet.
"""
import math
import re
import sys

LEVELS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"


def class_of(octet):
    """0-25 letters, 26-35 digits, 36 line end, 37 other control, 38-61 punctuation, 62-63 beyond ASCII; as in rarity.rs."""
    if 65 <= octet <= 90 or 97 <= octet <= 122:
        return (octet | 32) - 97
    if 48 <= octet <= 57:
        return 26 + octet - 48
    if octet in (10, 13):
        return 36
    if octet < 32 or octet == 127:
        return 37
    if octet >= 128:
        return 62 if octet < 192 else 63
    if octet == 32:
        return 38
    return 39 + MARKS.index(octet) if octet in MARKS else 61


MARKS = b"!\"#$%&'()*+,-./:;<=>?@"


def main():
    counts = [[0.25] * 64 for _ in range(64)]
    for path in sys.argv[2:]:
        data = open(path, "rb").read()
        if not path.endswith(".bin"):
            data = re.sub(rb"(?m)^[A-Za-z0-9+/=]{60,}\r?\n", b"", data)
        pairs = {}
        for first, second in zip(data, data[1:]):
            pairs[first, second] = pairs.get((first, second), 0) + 1
        for (first, second), count in pairs.items():
            counts[class_of(first)][class_of(second)] += count
    width = [0] * 64
    for octet in range(256):
        width[class_of(octet)] += 1
    lines = []
    alone = [sum(row[column] for row in counts) for column in range(64)]
    for row in [alone] + counts:
        total = sum(row)
        # Letters stand for both cases, so the width of a class counts its members in a folded alphabet.
        members = [1 if column < 26 else max(1, width[column]) for column in range(64)]
        bits = [-2 * math.log2(count / total / member) for count, member in zip(row, members)]
        lines.append("".join(LEVELS[max(0, min(63, round(bit)))] for bit in bits))
    open(sys.argv[1], "w").write("\n".join(lines) + "\n")


main()
