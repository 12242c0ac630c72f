#!/usr/bin/env python3
"""Commands of the README and the manual run as they are printed, by somebody who has a folder with the shipped files."""
import os
import re
import shlex
import shutil
import subprocess
import tempfile

from clinic import PROGRAM, ROOT
from tap import case, main

PAGES = ["README.md", "docs/fit.md", "docs/models.md", "docs/virtual-patient.md"]  # docs/simulate.md: test_simulate.py
# What needs a clinic is a day of its own (test_day.py); the others would take minutes or never end.
ELSEWHERE = {"init", "staff", "screen", "course", "verify", "demo", "serve", "import", "restore", "session", "patient", "fact", "read"}
SLOW = re.compile(r"protocol simulate")  # with fewer virtual patients


def folder():
    """Where a reader would stand: the shipped files, and room for what is written."""
    path = tempfile.mkdtemp(prefix="racemate-manual-")
    for name in ("models", "protocols", "examples", "patients", "cohorts", "trials", "demo"):
        if os.path.isdir(f"{ROOT}/{name}"):
            os.symlink(f"{ROOT}/{name}", f"{path}/{name}")
    shutil.copy(f"{ROOT}/models/racemic-venous.yaml", f"{path}/mine.yaml")
    return path


def commands(page):
    """Indented lines that begin with racemate; a backslash goes on, two blanks or # begin a remark."""
    text = re.sub(r" *\\\n *", " ", open(f"{ROOT}/{page}", encoding="utf-8").read())
    for line in re.findall(r"^    (racemate .*)$", text, re.M):
        words = shlex.split(line.split("  ")[0], comments=True)
        if "|" in line or "[" in line or words[1].startswith("--") or words[1] in ELSEWHERE:
            continue
        yield words


def printed(page):
    where, ran = folder(), 0
    for words in commands(page):
        if SLOW.search(" ".join(words)):
            at = words.index("--n") if "--n" in words else len(words)
            words[at:at + 2] = ["--n", "20"]
        done = subprocess.run([PROGRAM, *words[1:]], capture_output=True, text=True, cwd=where, timeout=120)
        assert done.returncode == 0, (page, words, done.stderr)
        for option, file in zip(words, words[1:]):
            if option in ("--out", "--plot", "--columns"):
                assert os.path.getsize(os.path.join(where, file)) > 0, (page, words)
        ran += 1
    return ran


@case
def every_command_of_the_readme_and_the_manual_runs():
    counted = {page: printed(page) for page in PAGES}
    assert counted["README.md"] >= 6 and counted["docs/fit.md"] >= 2 and counted["docs/models.md"] >= 3, counted


if __name__ == "__main__":
    main()
