#!/usr/bin/env python3
"""Conventions the compiler cannot hold: which way includes point, what pure code may not touch, that every folder
says what it is for, and that sources of shipped files are well formed.  Prints TAP."""
import os
import re
import subprocess
import sys

root = os.environ.get("RACEMATE_SOURCE") or os.path.join(os.path.dirname(__file__), "..", "..")

# docs/architecture.md: a file includes only what lies to its left; peers never include each other.
ALLOWED = {
    "base": {"base"},
    "pharma": {"base", "pharma"},
    "stats": {"base", "stats"},
    "protocol": {"base", "protocol"},
    "care": {"base", "pharma", "stats", "protocol", "care"},
    "study": {"base", "pharma", "stats", "protocol", "care", "study"},
    "store": {"base", "pharma", "stats", "protocol", "care", "store"},
    "link": {"base", "pharma", "stats", "protocol", "care", "study", "store", "link"},
    "app": {"base", "pharma", "stats", "protocol", "care", "study", "store", "link", "app"},
    "serve": {"base", "pharma", "stats", "protocol", "care", "study", "store", "link", "app", "serve"},
    "cli": {"base", "pharma", "stats", "protocol", "care", "study", "store", "link", "app", "serve", "cli"},
}
# Inside care: scales < screening < plan < event < session < alarms < discharge < course (moment, gate, show: session's).
CARE = ["reading", "scales", "screening", "plan", "event", "session", "alarms", "discharge", "course"]
CARE_HOME = {"values": "screening", "moment": "session", "gate": "session", "show": "session"}
PURE = {"base", "pharma", "stats", "protocol", "care", "study"}
FORBIDDEN = re.compile(r"\b(fopen|fread|time|clock_gettime|gettimeofday|getenv|socket|open|rand|srand|random|malloc|calloc|realloc)\s*\(")

problems = {}


def say(check, message):
    problems.setdefault(check, []).append(message)


def files(pattern):
    out = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard", pattern], capture_output=True, text=True)
    return [f for f in out.stdout.split("\n") if f and os.path.exists(os.path.join(root, f))]


def text(path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read()


def without_comments(code):
    code = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), code, flags=re.S)
    return re.sub(r'"(\\.|[^"\\\n])*"', '""', code)


def folder_of(path):
    if path.startswith("include/racemate/"):
        parts = path.split("/")
        return parts[2] if len(parts) > 3 else parts[2].removesuffix(".h")
    return path.split("/")[1]


def included_folder(name):
    if name.startswith("racemate/"):
        parts = name.split("/")
        return parts[1].removesuffix(".h")
    return name.split("/")[0] if "/" in name else None


for path in files("src/*.[ch]") + files("include/*.h"):
    folder = folder_of(path)
    code = text(path)
    for line, name in [(code[: m.start()].count("\n") + 1, m.group(1)) for m in re.finditer(r'#include "([^"]+)"', code)]:
        target = included_folder(name)
        if target is None or folder not in ALLOWED:
            continue
        if target not in ALLOWED[folder]:
            say("includes point left", f"{path}:{line}: {folder} includes {name}")
        own = os.path.basename(path).rsplit(".", 1)[0]
        own = CARE_HOME.get(own, own)
        other = os.path.basename(name).removesuffix(".h")
        other = CARE_HOME.get(other, other)
        if folder == "care" and target == "care" and own in CARE and other in CARE and CARE.index(other) > CARE.index(own):
            say("includes point left", f"{path}:{line}: {own} includes {other}")
    if folder in PURE and path.startswith("src/") and not path.endswith("base/arena.c"):
        for m in FORBIDDEN.finditer(without_comments(code)):
            say("pure code touches nothing outside", f"{path}:{code[: m.start()].count(chr(10)) + 1}: {m.group(1)}()")
    if len(code.split("\n")) > 900:
        say("files stay readable", f"{path} has {len(code.split(chr(10)))} lines")
    if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", code):
        say("nothing is left unfinished", path)

for folder in ALLOWED:
    readme = os.path.join(root, "src", folder, "README.md")
    if [f for f in files(f"src/{folder}/*.c")] and not os.path.exists(readme):
        say("every folder says what it is for", f"src/{folder}/README.md is missing")

SOURCE = re.compile(r"^(https?://[^\s\"]+|doi:10\.\S+|pmid:\d+)$")
for path in files("protocols/*.yaml") + files("models/*.yaml") + files("cohorts/*.yaml") + files("patients/*.yaml"):
    for m in re.finditer(r'(?:url|source): *"?([^",}\n]+)"?', text(path)):
        if not SOURCE.match(m.group(1).strip()) and not re.match(r"[\w -]+$", m.group(1).strip()):
            say("sources of shipped files are well formed", f"{path}: {m.group(1)}")

DEFINED = set()
for path in files("tests/*.c"):
    DEFINED.update(re.findall(r"^static void (test_\w+)\(", text(path), re.M))
for path in ["docs/incidents.md", "docs/requirements.md"]:
    for name in re.findall(r"`(test_\w+)`", text(path)):
        if name not in DEFINED:
            say("tests named in the documents exist", f"{path}: {name}")

checks = ["includes point left", "pure code touches nothing outside", "files stay readable", "nothing is left unfinished",
          "every folder says what it is for", "sources of shipped files are well formed",
          "tests named in the documents exist"]
print(f"1..{len(checks)}")
for number, check in enumerate(checks, 1):
    print("ok" if check not in problems else "not ok", number, "-", check)
    for message in problems.get(check, []):
        print("#", message)
sys.exit(bool(problems))
