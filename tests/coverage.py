#!/usr/bin/env python3
"""Lines covered, by slice, from cargo-llvm-cov's JSON: coverage.py FILE. Exit 1 below 80 %.

Unit tests stand in the files they test, so their own lines count as well."""
import collections
import json
import sys

GOAL = 80.0


def room(path):
    """src/chat/turn.rs -> chat; storage/src/key.rs -> storage; src/app.rs -> (top)."""
    parts = path.split("/")
    if "storage" in parts:
        return "storage"
    inside = parts[parts.index("src") + 1:]
    return inside[0] if len(inside) > 1 else "(top)"


with open(sys.argv[1]) as file:
    files = json.load(file)["data"][0]["files"]
lines = collections.defaultdict(lambda: [0, 0])
for entry in files:
    if "/src/" in entry["filename"]:
        summary = entry["summary"]["lines"]
        lines[room(entry["filename"])][0] += summary["covered"]
        lines[room(entry["filename"])][1] += summary["count"]
low = False
for name, (covered, count) in sorted(lines.items()):
    share = 100 * covered / count if count else 100.0
    low |= share < GOAL
    print(f"{name:<10} {covered:>6} of {count:>6} lines  {share:5.1f} %{'' if share >= GOAL else '  below the goal'}")
sys.exit(1 if low else 0)
