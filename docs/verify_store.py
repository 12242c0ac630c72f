#!/usr/bin/env python3
"""Verify a Racemate store, or its JSON Lines export, without Racemate.

    verify_store.py FILE [HEAD]

Prints the number of entries and the head, and ends with 0 when the chain is intact (and, if HEAD is
given, when some entry has it: the 16 digits printed on a signed sheet).  Needs Python 3.8 only.
The encoding is explained in docs/store.md.
"""
import hashlib
import json
import sqlite3
import sys


def integer(n):
    return n.to_bytes(8, "big", signed=True)


def text(s):
    data = s.encode("utf-8")
    return integer(len(data)) + data


def optional(s):
    return b"\x00" if s is None else b"\x01" + text(s)


def genesis(clinic):
    return hashlib.sha256(text("racemate store 1") + text(clinic)).digest()


def entry_hash(e):
    return hashlib.sha256(
        text("racemate entry 1") + e["previous"] + integer(e["seq"]) + text(e["subject"]) + text(e["kind"])
        + integer(e["at_ms"]) + integer(e["recorded_ms"]) + text(e["actor"]) + text(e["source"])
        + optional(e["key"]) + text(e["body"])).digest()


def from_database(path):
    db = sqlite3.connect(path)
    db.execute("PRAGMA query_only = ON")
    db.row_factory = sqlite3.Row
    clinic = db.execute("SELECT clinic FROM store").fetchone()[0]
    return clinic, map(dict, db.execute("SELECT * FROM entry ORDER BY seq"))


def from_export(path):
    lines = (json.loads(line) for line in open(path, encoding="utf-8"))
    manifest = next(lines)

    def entries():
        last = None
        for e in lines:
            e["previous"], e["hash"] = bytes.fromhex(e["previous"]), bytes.fromhex(e["hash"])
            last = e
            yield e
        if not last or (last["seq"], last["hash"].hex()) != (manifest["entries"], manifest["head"]):
            sys.exit("the export is not whole: it ends elsewhere than its manifest says")

    return manifest["clinic"], entries()


def main(path, head=None):
    with open(path, "rb") as file:
        is_database = file.read(16) == b"SQLite format 3\0"
    clinic, entries = (from_database if is_database else from_export)(path)
    wanted = head.replace(" ", "").lower() if head else ""
    seq, previous, met = 0, genesis(clinic), not wanted
    for e in entries:
        if e["seq"] != seq + 1:
            sys.exit(f"entry {seq + 1} is missing")
        if entry_hash(e) != e["hash"]:
            sys.exit(f"entry {e['seq']} is not what was recorded")
        if e["previous"] != previous:
            sys.exit(f"entry {e['seq']} does not follow from the one before")
        seq, previous = e["seq"], e["hash"]
        met = met or previous.hex().startswith(wanted)
    if not seq:
        sys.exit("the record is empty")
    if not met:
        sys.exit("no entry has this head: the tail was cut, or the chain was computed anew")
    digits = previous.hex()[:16]
    print(seq, " ".join(digits[i:i + 4] for i in range(0, 16, 4)))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
