#!/usr/bin/env python3
"""Awkward charts through every verb of study: an answer, or a refusal that names the cause; never nan, a crash or a hang."""
import os
import random
import re
import subprocess
import tempfile

from clinic import PROGRAM
from tap import case, main

VERBS = ["dictionary", "describe", "compare", "respond", "onset", "survive", "balance", "missing"]
HEADER = "patient,arm,visit,score,age,sex\n"
PATIENT, ARM, VISIT, SCORE, AGE, SEX = range(6)


def chart(patients=12, visits=4, arms=("iv", "in"), change=None):
    """A chart as text; `change(i, arm, v, row)` gives the row, or None to leave it out."""
    draws = random.Random(1)
    lines = [HEADER]
    for i in range(patients):
        arm = arms[0] if i < patients / 2 else arms[1]
        age, sex, baseline = draws.randint(20, 70), draws.choice("mf"), draws.randint(14, 24)
        for v in range(visits):
            row = [f"p{i}", arm, v, max(0, min(27, baseline - 2 * v + draws.randint(-2, 2))), age, sex]
            row = change(i, arm, v, row) if change else row
            if row:
                lines.append(",".join(map(str, row)) + "\n")
    return "".join(lines)


def put(column, value):
    def change(i, arm, v, row):
        row[column] = value(i, arm, v, row) if callable(value) else value
        return row
    return change


def ask(text, verb):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "chart.csv")
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        done = subprocess.run([PROGRAM, "study", verb, path, "--scale", "QIDS-SR16"], capture_output=True, timeout=120)
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def check(text, refused):
    """`refused` says which verbs refuse and with which words; "" stands for all. The others answer."""
    for verb in VERBS:
        code, said = ask(text, verb)
        words = refused.get(verb, refused.get(""))
        assert 0 <= code < 20, (verb, code, said)
        assert not re.search(r"(?<![\w-])-?(nan|inf)(?!\w)", said), (verb, said)
        if words is None:
            assert code == 0, (verb, said)
        else:
            assert code == 2 or code == 8, (verb, code, said)
            assert words in said, (verb, words, said)


@case
def files_that_are_no_charts_are_refused_at_the_place():
    plain = chart()
    check("", {"": "is empty"})
    check(HEADER, {"": "has a header and no rows"})
    check(plain.encode().replace(b"p3,", b"p\xe9,"), {"": "is not UTF-8"})
    check(plain.encode() + b"\0", {"": "a NUL byte"})
    check(plain + 'p99,"iv,0,20,40,m\n', {"": "the quote opened here is never closed"})
    check(plain + "p99,iv,0\n", {"": "has 3 fields, expected 6"})
    check(plain.replace("\n", "\r"), {"": "a carriage return without a line feed"})
    check(plain.replace("age,sex", "age,age"), {"": "columns 5 and 6 are both named 'age'"})
    check(plain + "p1,iv,1,10,40,m\n", {"": "has this visit twice"})


@case
def other_ways_to_write_a_table_are_read():
    plain = chart(24)
    for text in (plain.replace("\n", "\r\n"), plain.replace(",", ";"), plain.replace(",", "\t"), plain.replace("\n", "\n\n"),
                 b"\xef\xbb\xbf" + plain.encode(), chart(24, change=put(SEX, lambda i, a, v, r: '"m\nx"' if i % 2 else "f"))):
        check(text, {})


@case
def scores_that_cannot_be_are_named():
    check(chart(change=put(SCORE, -3)), {"": "-3 is not possible on QIDS-SR16"})
    check(chart(change=put(SCORE, lambda i, a, v, r: "1e300" if i == 3 else r[SCORE])), {"": "not possible on QIDS-SR16"})
    for word in ("NaN", "Inf", "1e999", "12 points"):
        check(chart(change=put(SCORE, lambda i, a, v, r: word if i == 3 else r[SCORE])), {"": f"'{word}' is not a number"})


@case
def too_few_patients_are_said_to_be_too_few():
    check(chart(1), {"": "the file has 1 arm"})
    check(chart(12, arms=("iv", "iv")), {"": "the file has 1 arm"})
    check(chart(2), {"compare": "nothing is left to estimate a variance", "onset": "nothing is left to estimate a variance",
                     "balance": "separates", "missing": "too few"})


@case
def arms_and_visits_without_scores_are_told():
    empty = "nobody in 'in' has a baseline score"
    check(chart(change=lambda i, a, v, r: None if a == "in" and v == 0 else r),
          {"compare": empty, "onset": empty, "missing": empty, "balance": "nobody is in the control arm"})
    only = "no session has a score in both arms"
    check(chart(visits=1), {"compare": only, "onset": only, "missing": only, "respond": "no session after it",
                            "survive": "hardly anybody has a time after the baseline"})
    check(chart(24, change=put(SCORE, lambda i, a, v, r: "" if v == 2 else r[SCORE])), {})
    code, said = ask(chart(24, change=lambda i, a, v, r: None if a == "in" and v == 2 else r), "compare")
    assert code == 0 and "Session 2 is left out: it was not seen in both arms." in said, said


@case
def scores_that_do_not_vary_leave_nothing_to_estimate():
    same = "the outcome is the same in every patient at each visit"
    check(chart(24, change=put(SCORE, 15)), {"compare": same, "onset": same, "missing": same})
    zero = chart(24, change=put(SCORE, lambda i, a, v, r: 0 if v == 0 else r[SCORE]))
    check(zero, {})  # percent changes do not exist; everything else does


@case
def patients_who_could_only_be_in_one_arm_are_not_weighted():
    apart = "separates the outcomes completely"
    check(chart(24, change=put(AGE, lambda i, a, v, r: 30 + i % 7 if a == "iv" else 60 + i % 5)), {"balance": apart})
    check(chart(24, change=put(SEX, lambda i, a, v, r: "m" if a == "iv" else "f")), {"balance": apart})


@case
def events_in_one_arm_or_none_are_put_in_words():
    none = chart(24, change=put(SCORE, lambda i, a, v, r: 20 + (i + v) % 3))
    code, said = ask(none, "survive")
    assert code == 0 and "not estimable: no event was seen" in said and "Median not reached and not reached" in said, said
    one = chart(24, change=put(SCORE, lambda i, a, v, r: 20 + i % 3 if v == 0 else 2 + i % 2 if a == "iv" else 19 + (i + v) % 3))
    code, said = ask(one, "survive")
    assert code == 0 and "infinite without an interval, as one arm has no event" in said, said


if __name__ == "__main__":
    main()
