#!/usr/bin/env python3
"""`racemate fit` as a pharmacometrician uses it: tables in, words, JSON, tables and pictures out."""
import csv
import json
import os
import re
import subprocess
import tempfile
import xml.etree.ElementTree

from clinic import PROGRAM, ROOT
from tap import case, main

VENOUS = f"{ROOT}/models/racemic-venous.yaml"
SAMPLES = f"{ROOT}/examples/samples.csv"


def run(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, cwd=ROOT, timeout=120)


def answer(*words):
    done = run(*words, "--json")
    assert done.returncode == 0, done
    return json.loads(done.stdout)


def table(text):
    path = os.path.join(tempfile.mkdtemp(prefix="racemate-test-"), "table.csv")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


@case
def twelve_people_are_found():
    said = answer("fit", VENOUS, "--data", SAMPLES)
    people = said["subjects"]
    assert [p["id"] for p in people] == list(range(1, 13)) and all(p["fitted"] for p in people)
    for p in people:
        assert p["objective"] < p["objective_typical"] and p["effective_draws"] > 1000, p["id"]
        for name, value in p["parameters"].items():
            assert value["p05"] < value["value"] < value["p95"], (p["id"], name, value)
    assert sorted(people[0]["parameters"]) == sorted(["V1", "CL", "Vnk", "CLnk"])
    assert len(said["shrinkage"]["etas"]) == 4 and said["shrinkage"]["residuals"]["r_ketamine"] is None
    assert answer("fit", VENOUS, "--data", SAMPLES) == said
    other = answer("fit", VENOUS, "--data", SAMPLES, "--seed", "2")["subjects"][0]
    assert other["objective"] == people[0]["objective"]
    assert other["parameters"]["CL"]["p05"] != people[0]["parameters"]["CL"]["p05"]


@case
def the_manual_shows_what_the_program_says():
    manual = open(f"{ROOT}/docs/fit.md", encoding="utf-8").read()
    said = run("fit", VENOUS, "--data", SAMPLES).stdout
    words = re.sub(r" +", " ", said)
    shown = re.findall(r"^    (ID  .*|1   .*)$", manual, re.M)
    assert len(shown) == 2
    for line in shown:
        assert re.sub(r" +", " ", line).strip() in words, line
    assert "recommends nothing" in said and "doi:" in said


@case
def files_are_written():
    folder = tempfile.mkdtemp(prefix="racemate-test-")
    done = run("fit", VENOUS, "--data", SAMPLES, "--out", f"{folder}/fits.csv", "--plot", f"{folder}/fits.svg")
    assert done.returncode == 0, done
    rows = list(csv.DictReader(open(f"{folder}/fits.csv", encoding="utf-8")))
    assert len(rows) == 12 * 11 and {r["STATUS"] for r in rows} == {"fitted"}
    for r in rows:
        assert float(r["P05"]) < float(r["IPRED"]) * 1.3 and float(r["P95"]) > float(r["IPRED"]) * 0.7, r
        assert (r["IWRES"] == "") == (r["BLQ"] == "1"), r
    picture = xml.etree.ElementTree.parse(f"{folder}/fits.svg").getroot()
    panels = [e for e in picture.iter() if e.tag.endswith("svg")]
    assert len(panels) == 1 + 4 + 12
    ids = [e.get("id") for e in picture.iter() if e.get("id")]
    assert len(ids) == len(set(ids)) and "nan" not in open(f"{folder}/fits.svg", encoding="utf-8").read()


@case
def one_subject_who_cannot_be_fitted_does_not_end_the_others():
    rows = "ID,TIME,AMT,RATE,DV,weight\n1,0,35,52.5,.,70\n1,1,.,.,0.12,70\n2,0,35,52.5,.,70\n2,-0,.,.,0.1,70\n" \
           "3,0,35,52.5,.,70\n3,2,.,.,0.06,70\n"
    said = answer("fit", VENOUS, "--data", table(rows))
    assert [p["fitted"] for p in said["subjects"]] == [True, False, True]
    assert "no prediction" in said["subjects"][1]["problem"] and said["shrinkage"]["subjects"] == 2
    words = run("fit", VENOUS, "--data", table(rows)).stdout
    assert re.search(r"^2 +1 +0  not fitted: ", words, re.M), words


@case
def faults_of_a_table_are_told_by_row_and_column():
    bad = table("ID,TIME,AMT,RATE,DV,BLQ,weight\n1,0,35,52.5,.,.,70\n1,1,.,.,x,0,70\n1,2,.,.,.,1,70\n")
    done = run("fit", VENOUS, "--data", bad)
    assert done.returncode == 2 and re.search(r"table.csv:3:\d+: .*'x' is not a number", done.stderr), done
    assert re.search(r"table.csv:4:\d+: .*without a value", done.stderr), done
    done = run("fit", f"{ROOT}/models/racemic-arterial.yaml", "--data", SAMPLES)
    assert done.returncode != 0 and "no residual error" in done.stderr, done
    done = run("fit", VENOUS)
    assert done.returncode == 2 and "'data' is missing" in done.stderr, done
    done = run("fit", VENOUS, "--data", SAMPLES, "--samples", "3")
    assert done.returncode == 2 and "allowed 100" in done.stderr, done


main()
