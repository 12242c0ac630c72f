#!/usr/bin/env python3
"""racemate simulate as a pharmacometrician uses it: files read by somebody else, models side by side, input that is wrong,
and every example of docs/simulate.md."""
import csv
import json
import math
import os
import re
import shlex
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time

from clinic import PROGRAM, ROOT
from tap import case, main

FOLDER = tempfile.mkdtemp(prefix="racemate-simulate-")
VENOUS, ARTERIAL, OTTO = (f"{ROOT}/models/{m}.yaml" for m in ("racemic-venous", "racemic-arterial", "otto-2021-s-ketamine"))
STANDARD = ["--dose", "0.5 mg/kg over 40 min", "--weight", "70 kg"]


def run(*words, code=0):
    done = subprocess.run([PROGRAM, "simulate", *words], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == code, (words, done)
    return done


def answer(*words):
    return json.loads(run(*words, "--json").stdout)


def path(name, text=None):
    full = os.path.join(FOLDER, name)
    if text is not None:
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)
    return full


def rows_of(name):
    with open(path(name), encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def snippet(language):
    """The reader that docs/simulate.md gives."""
    text = open(f"{ROOT}/docs/simulate.md", encoding="utf-8").read()
    return re.search(rf"```{language}\n(.*?)```", text, re.S).group(1)


def read_columns(file):
    space = {}
    exec(snippet("python"), space)
    return space["read_columns"](file)


@case
def the_typical_curve_is_that_of_an_unrelated_implementation():
    """160 ng/mL venous and 253.05 ng/mL arterial at the end of 35 mg in 40 min (docs/models.md)."""
    models = answer(VENOUS, ARTERIAL, *STANDARD, "--output", "ketamine")["models"]
    for model, peak, within in ((models[0], 0.160, 0.0006), (models[1], 0.25305, 0.00001)):
        highest = model["outputs"][0]["highest"]
        assert abs(highest["typical"] - peak) < within, highest
        assert highest["p05"] < highest["p25"] < highest["p50"] < highest["p75"] < highest["p95"]
        assert model["outputs"][0]["unit"] == "mg/L" and abs(model["outputs"][0]["at_h"]["typical"] - 2 / 3) < 1e-12
    text = run(VENOUS, ARTERIAL, *STANDARD).stdout
    assert "arterial plasma" in text and "venous plasma" in text and "they differ while drug flows" in text and "ng*h/mL" in text


@case
def the_csv_agrees_with_the_summary():
    words = [VENOUS, "--dose", "35 mg over 40 min", "--output", "ketamine,norketamine", "--weight", "70 kg", "--n", "101",
             "--times", "at 20 min, 40 min, 2 h"]
    output = answer(*words, "--out", path("a.csv"))["models"][0]["outputs"][1]
    rows = rows_of("a.csv")
    assert list(rows[0]) == ["id", "time_h", "output", "value", "unit", "outside"] and len(rows) == 101 * 3 * 2
    assert {r["unit"] for r in rows} == {"mg/L"} and {r["outside"] for r in rows} == {"0"}
    assert [int(r["id"]) for r in rows] == [i for i in range(1, 102) for _ in range(6)]
    for i, row in enumerate(output["rows"]):
        values = sorted(float(r["value"]) for r in rows if r["output"] == "norketamine" and float(r["time_h"]) == row["time_h"])
        assert abs(values[50] - row["p50"]) <= 1e-8 * row["p50"] and abs(values[5] - row["p05"]) <= 1e-8 * row["p05"], row


@case
def threads_and_files_do_not_change_a_digit():
    words = [ARTERIAL, "--dose", "0.5 mg/kg over 40 min", "--people", "weight ~ normal(80, 15) kg in 45..140", "--n", "3000",
             "--times", "1 h by 10 min"]
    bytes_of = []
    for threads in ("1", "2", "3"):
        run(*words, "--threads", threads, "--out", path("t.csv"), "--columns", path("t.rcol"))
        bytes_of.append((open(path("t.csv"), "rb").read(), open(path("t.rcol"), "rb").read()))
    assert bytes_of[0] == bytes_of[1] == bytes_of[2]
    first = answer(*words, "--threads", "1")
    assert first == answer(*words, "--threads", "2") and first["models"][0]["subjects"] == 3000


@case
def the_reader_of_the_manual_reads_what_the_csv_says():
    """Every row of both files: the same to the nine digits that CSV has."""
    run(ARTERIAL, VENOUS, "--dose", "0.5 mg/kg over 40 min", "--people", "weight ~ normal(80, 15) kg in 35..170", "--n", "50",
        "--output", "ketamine,norketamine", "--times", "2 h by 15 min", "--out", path("c.csv"), "--columns", path("c.rcol"))
    about, table = read_columns(path("c.rcol"))
    rows = rows_of("c.csv")
    assert list(table) == list(rows[0]) == ["model", "id", "time_h", "output", "value", "unit", "weight", "outside"]
    assert ("model", "racemic-venous") in about and ("seed", "1") in about
    assert len(rows) == len(table["id"]) == 2 * 50 * 9 * 2
    for i, row in enumerate(rows):
        for name, cell in row.items():
            value = table[name][i]
            assert (cell == value if isinstance(value, str) else math.isclose(float(cell), value, rel_tol=5e-9)), (i, name, cell, value)
    assert any(w > 160 for w in table["weight"]) == any(table["outside"])
    cut = path("cut.rcol")
    with open(path("c.rcol"), "rb") as f, open(cut, "wb") as g:
        g.write(f.read()[:-1])
    try:
        read_columns(cut)
        raise AssertionError("a file without its end was taken for whole")
    except (ValueError, struct.error):
        pass


@case
def r_reads_it_too():
    try:
        subprocess.run(["Rscript", "--version"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return
    run(VENOUS, *STANDARD, "--n", "9", "--times", "at 40 min, 1 h", "--out", path("r.csv"), "--columns", path("r.rcol"))
    script = path("r.R", snippet("r") + f"""
a <- read_columns("{path('r.rcol')}")
b <- read.csv("{path('r.csv')}")
stopifnot(identical(names(a), names(b)), nrow(a) == nrow(b), all(a$output == b$output), all(a$id == b$id),
          all(abs(a$value - b$value) <= 5e-9 * abs(b$value)))
cat("alike\\n")
""")
    done = subprocess.run(["Rscript", "--vanilla", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "alike" in done.stdout, done


@case
def people_are_drawn_as_written():
    """Means and spreads of 20,000 draws within four standard errors; truncation, chance and constants."""
    n = 20000
    run(f"{ROOT}/models/esketamine.yaml", "--dose", "28 mg", "--route", "nasal", "--n", str(n), "--output", "esketamine",
        "--people", "age ~ lognormal(40, 0.2) year in 19..85; asian ~ chance(0.25)", "--times", "at 1 h", "--out", path("p.csv"))
    rows = rows_of("p.csv")
    age, asian = [float(r["age"]) for r in rows], [float(r["asian"]) for r in rows]
    assert len(rows) == n and min(age) >= 19 and max(age) <= 85 and set(asian) == {0, 1}
    sd = math.sqrt(math.log(1.04))
    logs = [math.log(a) for a in age]
    assert abs(statistics.fmean(logs) - math.log(40)) < 4 * sd / math.sqrt(n) + 0.001
    assert abs(statistics.stdev(logs) / sd - 1) < 4 / math.sqrt(2 * n) + 0.005
    assert abs(statistics.fmean(asian) - 0.25) < 4 * math.sqrt(0.25 * 0.75 / n)
    run(ARTERIAL, "--dose", "0.5 mg/kg", "--n", "7", "--covariates", path("w.csv", "site,weight\nA,50\nB,150\nA,170\n"),
        "--times", "at 1 h", "--output", "ketamine", "--out", path("w.out.csv"))
    assert [(r["weight"], r["outside"]) for r in rows_of("w.out.csv")] == [("50", "0"), ("150", "0"), ("170", "1")] * 2 + [("50", "0")]
    assert "28.6 % of people outside 40 to 160 kg" in run(ARTERIAL, "--dose", "0.5 mg/kg", "--n", "7", "--covariates", path("w.csv")).stdout


@case
def parameters_of_each_person_are_those_behind_the_curve():
    """Otto: the logarithm of CL has variance 0.026 around 95.2 L/h, V1 0.084 around 133 L, covariance 0.0226, at 70 kg."""
    n = 20000
    run(OTTO, "--dose", "35 mg", "--weight", "70 kg", "--n", str(n), "--times", "at 0 h, 1 h", "--parameters", path("par.csv"), "--out", path("parout.csv"))
    rows = rows_of("par.csv")
    assert [int(r["id"]) for r in rows] == list(range(1, n + 1)) and list(rows[0])[:3] == ["id", "V1", "CL"]
    cl, v1 = [math.log(float(r["CL"]) / 95.2) for r in rows], [math.log(float(r["V1"]) / 133) for r in rows]
    assert abs(statistics.fmean(cl)) < 4 * math.sqrt(0.026048 / n) and abs(statistics.pvariance(cl) / 0.026048 - 1) < 4 * math.sqrt(2 / n)
    assert abs(statistics.fmean(a * b for a, b in zip(cl, v1)) - 0.02261) < 4 * math.sqrt((0.026048 * 0.084177 + 0.02261 ** 2) / n)
    start = {r["id"]: float(r["value"]) for r in rows_of("parout.csv") if r["time_h"] == "0" and r["output"] == "ketamine"}
    assert all(math.isclose(start[r["id"]], 35 / float(r["V1"]), rel_tol=1e-8) for r in rows)
    run(OTTO, VENOUS, *STANDARD, "--parameters", path("par.csv"), code=2)


@case
def a_person_outside_the_studied_range_is_named_everywhere():
    words = [ARTERIAL, "--dose", "0.5 mg/kg over 40 min", "--weight", "170 kg", "--n", "8", "--output", "ketamine"]
    found = answer(*words, "--out", path("o.csv"), "--plot", path("o.svg"))["models"][0]["outside"]
    assert found == ["weight 170 kg, studied 40 to 160 kg"], found
    assert "outside what was studied: weight 170 kg" in run(*words).stdout
    assert {r["outside"] for r in rows_of("o.csv")} == {"1"}
    assert "Outside what was studied" in open(path("o.svg"), encoding="utf-8").read()


@case
def several_doses_add_up():
    """Linear models: two doses at the times said are the sum of one alone, shifted; 'via' chooses the route."""
    def curve(dose, times):
        return [r["typical"] for r in answer(VENOUS, "--dose", dose, "--weight", "70 kg", "--times", times, "--output",
                                             "ketamine", "--n", "1")["models"][0]["outputs"][0]["rows"]]
    alone = curve("35 mg over 40 min", "at 1 h, 4 h, 7 h")
    both = curve("35 mg over 40 min, at 0 h, 3 h", "at 1 h, 4 h, 7 h")
    assert math.isclose(both[1], alone[1] + alone[0], rel_tol=1e-12) and math.isclose(both[2], alone[2] + alone[1], rel_tol=1e-12)
    again = curve("35 mg over 40 min, 2 times every 3 h", "at 1 h, 4 h, 7 h")
    assert both == again == curve("35 mg over 40 min; 35 mg over 40 min at 3 h", "at 1 h, 4 h, 7 h")
    assert len(answer(VENOUS, ARTERIAL, *STANDARD, "--n", "1")["doses"]) == 1
    doses = answer(VENOUS, "--dose", "0.5 mg/kg over 40 min; 10 mg at 5 min", "--repeat", "3 times every 3.5 days", "--weight",
                   "70 kg", "--n", "1")["doses"]
    assert [round(d["time_h"] * 12) for d in doses] == [0, 1, 1008, 1009, 2016, 2017], doses
    routes = [answer(f"{ROOT}/models/esketamine.yaml", "--dose", f"28 mg via {r}", "--people", "age = 50 year", "--n", "1",
                     "--output", "esketamine")["models"][0]["outputs"][0]["area_h"]["typical"] for r in ("nasal", "oral", "intravenous")]
    assert routes[0] < routes[2] and routes[1] < routes[2], routes


TABLE = """ID,TIME,AMT,RATE,EVID,CMT,DV,MDV,weight
1,0,35,52.5,1,1,.,1,70
1,0.5,.,.,0,1,0.14,0,70
1,1,.,.,0,1,0.09,0,70
1,2,.,.,0,1,0.055,0,70
2,0,45,67.5,1,1,.,1,195
2,0.5,.,.,0,1,0.12,0,195
2,3,.,.,0,1,0.045,0,195
"""


@case
def a_table_is_simulated_at_its_rows():
    table = path("table.csv", TABLE)
    run(OTTO, "--data", table, "--output", "ketamine", "--n", "2", "--out", path("d.csv"), "--columns", path("d.rcol"))
    rows = rows_of("d.csv")
    assert [(r["id"], r["replicate"], r["time_h"], r["outside"]) for r in rows] == \
        [("1", k, t, "0") for k in "12" for t in ("0.5", "1", "2")] + [("2", k, t, "1") for k in "12" for t in ("0.5", "3")]
    _, columns = read_columns(path("d.rcol"))
    assert columns["id"] == [1] * 6 + [2] * 4 and columns["replicate"] == [1, 1, 1, 2, 2, 2, 1, 1, 2, 2]
    assert "1 of 2 subjects have a covariate beyond" in run(OTTO, "--data", table).stdout
    run(OTTO, "--data", table, "--times", "at 1 h", "--out", path("e.csv"), "--residual")
    assert [r["time_h"] for r in rows_of("e.csv")] == ["1"] * 4
    done = run(OTTO, "--data", path("bad.csv", TABLE.replace("0.14", "0.14x")), code=2)
    assert re.search(r"bad.csv:3:\d+: '0.14x' is not a number", done.stderr), done
    done = run(OTTO, "--data", path("bad.csv", TABLE.replace("weight", "wt")), code=2)
    assert "no column for the covariate weight (kg)" in done.stderr, done


@case
def models_are_averaged_by_how_well_they_fit():
    """Weights are exp(-objective / 2), and the average is the weighted mean of the curves, row by row."""
    table = path("one.csv", "".join(l for l in TABLE.splitlines(True) if not l.startswith("2")))
    other = open(OTTO, encoding="utf-8").read().replace("model: otto-2021-s-ketamine", "model: faster").replace("CL: {value: 95.2", "CL: {value: 140")
    words = [OTTO, path("faster.yaml", other), "--average", "--data", table]
    subject = answer(*words, "--out", path("avg.csv"), "--plot", path("avg.svg"))["subjects"][0]
    weights = {w["model"]: w["weight"] for w in subject["weights"]}
    objectives = [w["objective"] for w in subject["weights"]]
    ratio = weights["faster"] / weights["otto-2021-s-ketamine"]
    assert math.isclose(ratio, math.exp(-(objectives[1] - objectives[0]) / 2), rel_tol=1e-9) and math.isclose(sum(weights.values()), 1)
    cells = {}
    for r in rows_of("avg.csv"):
        cells.setdefault((r["output"], r["time_h"]), {})[r["model"]] = float(r["value"])
    for cell in cells.values():
        assert math.isclose(cell["average"], sum(w * cell[m] for m, w in weights.items()), rel_tol=1e-12, abs_tol=1e-300), cell
    assert "measured" in open(path("avg.svg"), encoding="utf-8").read()
    assert "10.1002/cpt.2065" in run(*words).stdout
    done = run(OTTO, path("faster.yaml"), "--average", "--data", path("none.csv", TABLE.replace(",0,70", ",1,70").replace(",0,195", ",1,195")), code=2)
    assert "no measured sample" in done.stderr, done
    in_ng = path("ng.csv", open(table, encoding="utf-8").read().replace("0.14,", "140,").replace("0.09,", "90,").replace("0.055,", "55,"))
    same = answer(*words[:2], "--average", "--data", in_ng, "--unit", "ng/mL")["subjects"][0]
    assert [round(w["weight"], 9) for w in same["weights"]] == [round(w["weight"], 9) for w in subject["weights"]], same["weights"]
    two = answer(*words[:2], "--average", "--data", path("far.csv", TABLE.replace("0.14", "1e200")))["subjects"]
    assert all("no prediction" in w["missing"] for w in two[0]["weights"]) and "outputs" not in two[0] and "outputs" in two[1], two[0]
    done = run(ARTERIAL, VENOUS, "--average", "--data", table, code=2)
    assert "residual error" in done.stderr, done


BAND = ("p05", "p25", "p50", "p75", "p95")


@case
def an_average_has_the_band_of_the_mixture():
    """A model that weighs nothing changes no bit of the other's band, which is that of `racemate fit`; otherwise each quantile
    of the mixture lies between those of the models."""
    table = path("one.csv", "".join(l for l in TABLE.splitlines(True) if not l.startswith("2")))
    text = open(OTTO, encoding="utf-8").read()
    sure = path("sure.yaml", text.replace("model: otto-2021-s-ketamine", "model: sure").replace("proportional: 0.23609", "proportional: 0.0001"))
    faster = path("faster.yaml", text.replace("model: otto-2021-s-ketamine", "model: faster").replace("CL: {value: 95.2", "CL: {value: 140"))
    subject = answer(OTTO, sure, "--average", "--data", table, "--out", path("band.csv"))["subjects"][0]
    assert {w["model"]: w["weight"] for w in subject["weights"]} == {"otto-2021-s-ketamine": 1, "sure": 0}, subject["weights"]
    cells = {}
    for r in rows_of("band.csv"):
        cells.setdefault((r["output"], r["time_h"]), {})[r["model"]] = [r[q] for q in BAND]
    assert all(c["average"] == c["otto-2021-s-ketamine"] for c in cells.values()) and len(cells) > 100
    answer(OTTO, faster, "--average", "--data", table, "--out", path("two.csv"), "--plot", path("two.svg"))
    cells = {}
    for r in rows_of("two.csv"):
        cells.setdefault((r["output"], r["time_h"]), {})[r["model"]] = [float(r[q]) for q in BAND]
    for c in cells.values():
        for mixed, a, b in zip(c["average"], c["otto-2021-s-ketamine"], c["faster"]):
            assert min(a, b) <= mixed <= max(a, b), c
        assert c["average"] == sorted(c["average"])
    few = answer(OTTO, faster, "--average", "--data", table, "--samples", "50")["subjects"][0]["outputs"][0]
    many = answer(OTTO, faster, "--average", "--data", table)["subjects"][0]["outputs"][0]
    assert few["highest"] == many["highest"] and few["highest_quantiles"] != many["highest_quantiles"]
    drawn = open(path("two.svg"), encoding="utf-8").read()
    assert "90 % of the mixture" in drawn and "posterior draws" in drawn
    said = run(OTTO, faster, "--average", "--data", table).stdout
    assert re.search(r"highest \d+ ng/mL \(90 % \d+ to \d+\)", said) and "median" in said, said


@case
def people_of_several_models_are_mixed():
    """F of the mixture, computed from the people in the file, is q at each quantile; weights 1 and 0 give one model's band."""
    words = [ARTERIAL, VENOUS, "--average", *STANDARD, "--times", "at 0 h, 20 min, 40 min, 2 h", "--output", "ketamine", "--n", "500"]
    said = answer(*words, "--weights", "0.75, 0.25", "--out", path("people.csv"), "--plot", path("people.svg"))
    assert said["average"]["weights"] == {"racemic-arterial": 0.75, "racemic-venous": 0.25}
    values = {}
    for r in rows_of("people.csv"):
        values.setdefault((round(float(r["time_h"]), 6), r["model"]), []).append(float(r["value"]))

    def share(sample, x):
        sample = sorted(sample)
        k = sum(v <= x for v in sample)
        return 0 if k == 0 else 1 if k == len(sample) else (k - 1 + (x - sample[k - 1]) / (sample[k] - sample[k - 1])) / (len(sample) - 1)

    for row in said["average"]["outputs"][0]["rows"][1:]:
        for q, p in zip(BAND, (0.05, 0.25, 0.5, 0.75, 0.95)):
            f = sum(w * share(values[round(row["time_h"], 6), m], row[q]) for m, w in said["average"]["weights"].items())
            assert abs(f - p) < 1e-4, (row, q, f)  # the file has nine digits
    assert "90 % of the mixture" in open(path("people.svg"), encoding="utf-8").read()
    for n in ("500", "60000"):  # kept, and counted
        alone = answer(*words[:7], *words[9:-1], n, "--weights", "0,1", "--times", "2 h by 1 min")
        own = alone["models"][1]["outputs"][0]
        assert alone["models"][1]["counted"] == (n == "60000"), n
        for a, b in zip(alone["average"]["outputs"][0]["rows"], own["rows"]):
            assert [a[q] for q in BAND] == [b[q] for q in BAND], (a, b)
        assert alone["average"]["outputs"][0]["area_h"]["p95"] == own["area_h"]["p95"]
    equal = answer(*words)["average"]["weights"]
    assert set(equal.values()) == {0.5}
    for bad, why in ((["--weights", "1"], "1 weights for 2 models"), (["--weights", "0, 0"], "all 0"), (["--weights", "1, -1"], "between 0"),
                     (["--weights", "1, x"], "x")):
        assert why in run(*words, *bad, code=2).stderr, bad
    assert "--average --weights" in run(ARTERIAL, VENOUS, *STANDARD, "--weights", "1,1", code=2).stderr
    assert "draws of an average" in run(VENOUS, "--samples", "50", "--data", path("one.csv"), code=2).stderr
    assert "needs more than one model" in run(VENOUS, "--average", *STANDARD, code=2).stderr


@case
def a_million_people_fit_in_little_memory():
    """Counted quantiles of 200,000 people agree with the exact ones of the first thousands; memory stays flat."""
    words = ["simulate", VENOUS, *STANDARD, "--times", "4 h by 10 min", "--output", "ketamine", "--columns", path("big.rcol")]
    code = ("import resource, subprocess, sys\n"
            "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
            "print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    env = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1")  # a sanitizer keeps what was freed
    sizes = []
    for n in ("20000", "200000"):
        done = subprocess.run([sys.executable, "-c", code, PROGRAM, *words, "--n", n], capture_output=True, text=True, env=env, timeout=120)
        status, size_kb = map(int, done.stdout.split())
        assert status == 0, done
        sizes.append(size_kb)
    assert sizes[1] < sizes[0] + 60_000, sizes
    many, few = (answer(VENOUS, *STANDARD, "--times", "4 h by 10 min", "--output", "ketamine", "--n", n)["models"][0]
                 for n in ("200000", "20000"))
    assert many["counted"] and not few["counted"]
    for a, b in zip(many["outputs"][0]["rows"][1:], few["outputs"][0]["rows"][1:]):
        for q in ("p05", "p50", "p95"):
            assert abs(a[q] / b[q] - 1) < 0.03, (a, b)


@case
def plots_show_every_model_and_are_well_formed():
    import xml.etree.ElementTree as tree
    run(ARTERIAL, VENOUS, "--dose", "0.5 mg/kg over 40 min", "--repeat", "10 times every 3.5 days", "--weight", "70 kg", "--output",
        "ketamine", "--plot", path("course.svg"))
    text = open(path("course.svg"), encoding="utf-8").read()
    tree.fromstring(text)
    for words in ("ketamine, arterial plasma", "ketamine, venous plasma", "doses", "time, d", "time after the last dose, h",
                  "concentration, ng/mL", "doi:10.1097/ALN.0000000000003577", "stroke-dasharray", "90 % of people"):
        assert words in text, words
    run(VENOUS, *STANDARD, "--log", "--plot", path("log.svg"))
    assert ">100</text>" in open(path("log.svg"), encoding="utf-8").read()


@case
def another_drug_changes_what_the_file_says_it_changes():
    """Rifampicin: clearances x1.13 and x3 in the file, so the whole areas are 1/1.13 and 1/3 of what they were."""
    words = [OTTO, "--dose", "35 mg over 40 min", "--weight", "70 kg", "--times", "40 min by 10 min; 8 d by 20 min", "--n", "1"]
    alone, both = (answer(*words, *more)["models"][0] for more in ([], ["--with", "rifampicin"]))
    assert "with rifampicin" in both["with"] and alone["with"] == ""
    for before, after, factor in zip(alone["outputs"], both["outputs"], (1.13, 3.0)):
        assert abs(before["area_h"]["typical"] / after["area_h"]["typical"] / factor - 1) < 0.005, (before["output"], factor)
    assert "with rifampicin" in run(*words, "--with", "rifampicin").stdout
    run(*words, "--with", "water", code=4)


@case
def a_steady_state_is_what_many_doses_come_to():
    """A course that has lasted: as a hundred doses before it, and as a row with SS and II."""
    def curve(model, *words):
        rows = answer(model, *words, "--n", "1", "--times", "at 0 h, 40 min, 5 h, 24 h", "--output", "norketamine")["models"][0]["outputs"][0]["rows"]
        return [r["typical"] for r in rows]
    steady = curve(VENOUS, "--dose", "0.5 mg/kg over 40 min steady every 24 h", "--weight", "70 kg")
    rows = answer(VENOUS, "--dose", "0.5 mg/kg over 40 min, 100 times every 24 h", "--weight", "70 kg", "--n", "1", "--output", "norketamine",
                  "--times", f"at {99 * 24} h, {99 * 24 * 60 + 40} min, {99 * 24 + 5} h, {100 * 24} h")["models"][0]["outputs"][0]["rows"]
    many = [r["typical"] for r in rows]
    assert steady[0] > 0 and all(math.isclose(a, b, rel_tol=1e-9) for a, b in zip(steady, many)), (steady, many)
    table = path("ss.csv", "ID,TIME,AMT,RATE,EVID,CMT,DV,MDV,II,SS,weight\n1,0,35,52.5,1,1,.,1,24,1,70\n")
    done = answer(VENOUS, "--data", table, "--times", "at 0 h, 40 min, 5 h, 24 h", "--output", "norketamine")
    assert all(math.isclose(a, r["typical"], rel_tol=1e-9) for a, r in zip(steady, done["models"][0]["outputs"][0]["rows"]))
    assert answer(VENOUS, "--dose", "1 mg steady every 1 d", "--weight", "70 kg", "--n", "1")["doses"][0]["steady_every_h"] == 24


SATURABLE = """model: saturable
title: elimination with a capacity
substance: x
sampling: amount
population: none
source: none
units: {time: h, amount: mg, volume: L}
covariates: {weight: {unit: kg, range: [40, 160], default: 70}}
parameters: {Vm: 12 mg/h * (weight / 70 kg), Km: 20 mg}
equations: {a: {unit: mg, rate: -Vm * a / (Km + a)}}
routes: {vein: a}
outputs: {amount: a}
"""


@case
def a_steady_state_that_does_not_exist_is_counted_not_made_up():
    model = path("saturable.yaml", SATURABLE)
    dose = ["--dose", "90 mg steady every 8 h", "--output", "amount", "--times", "at 0 h, 8 h"]
    rows = answer(model, *dose, "--n", "1")["models"][0]["outputs"][0]["rows"]
    least = 90 / math.expm1((96 - 90) / 20)  # Km log((A + D) / A) + D = Vm T
    assert math.isclose(rows[1]["typical"], least, rel_tol=1e-6) and math.isclose(rows[0]["typical"], least + 90, rel_tol=1e-6)
    people = ["--people", "weight ~ uniform(40, 100) kg", "--n", "400"]
    arm = answer(model, *dose, *people)["models"][0]
    light = sum(1 for r in rows_of_people(model, dose, people))
    assert arm["failed"] == arm["unsettled"] == 400 - light and 0.3 < arm["unsettled"] / 400 < 0.6
    assert f"{arm['unsettled']} of those come to no steady state" in run(model, *dose, *people).stdout
    done = run(model, "--dose", "100 mg steady every 8 h", code=8)
    assert "no steady state" in done.stderr and "eliminated" in done.stderr, done


def rows_of_people(model, dose, people):
    """Those who have an answer: none of them takes in more than is eliminated."""
    run(model, *dose, *people, "--out", path("settled.csv"))
    rows = [r for r in rows_of("settled.csv") if float(r["time_h"]) == 0]
    assert all(12 * float(r["weight"]) / 70 * 8 > 90 for r in rows)
    return rows


@case
def what_does_not_go_together_says_what_to_do():
    table = path("table.csv", TABLE)
    eske = f"{ROOT}/models/esketamine.yaml"
    bad = [([VENOUS], "what is given is missing"), ([VENOUS, "--dose", "1 mg", "--data", table], "leave out --dose"),
           ([VENOUS, "--data", table, "--weight", "70 kg"], "a column for each covariate"),
           ([VENOUS, "--dose", "0.5 mg/kg"], "needs the covariate weight"), ([VENOUS, *STANDARD, "--log"], "--plot"),
           ([eske, "--dose", "28 mg", "--people", "age = 50 year"], "nasal, nasal_later, oral, intravenous"),
           ([eske, "--dose", "28 mg via nose", "--people", "age = 50 year"], "no route 'nose'"),
           ([eske, "--dose", "28 mg via oral", "--people", "age = 50"], "write the unit"),
           ([eske, "--dose", "1 mg/kg via oral", "--people", "age = 50 year"], "knows no weight"),
           ([VENOUS, "--dose", "1 mg", "--people", "wieght = 70 kg"], "did you mean weight"),
           ([VENOUS, "--dose", "1 mg", "--people", "weight ~ normal(80, 15) kg", "--weight", "70 kg"], "keep one"),
           ([VENOUS, "--dose", "1 mg", "--people", "weight ~ normal(80, 1) kg in 140..150"], "almost nobody"),
           ([VENOUS, "--dose", "1 mg", "--people", "weight ~ gauss(80, 1) kg"], "lognormal(median, cv)"),
           ([VENOUS, "--dose", "1 mg, thrice", "--weight", "70 kg"], "'thrice' is not understood"),
           ([VENOUS, "--dose", "1 mg", "--weight", "70 kg", "--repeat", "often"], "8 times every 3.5 days"),
           ([VENOUS, "--dose", "1 mg;", "--weight", "70 kg"], "a dose is empty"),
           ([VENOUS, "--dose", "1 mg steady", "--weight", "70 kg"], "how far apart"), ([VENOUS, "--dose", "1 mg, 3 h ago", "--weight", "70 kg"], "not for here"),
           ([VENOUS, "--dose", "1 mg steady every 1 h; 2 mg at 1 h steady every 1 h", "--weight", "70 kg"], "one at most"), ([VENOUS, *STANDARD, "--times", "0 h"], "goes nowhere"),
           ([VENOUS, *STANDARD, "--times", "9 d by 1 s"], "at most 20001 times"), ([VENOUS, *STANDARD, "--output", "ketamin"], "did you mean ketamine"),
           ([ARTERIAL, *STANDARD, "--residual"], "no residual error"), ([VENOUS, VENOUS, *STANDARD], "named twice"),
           ([VENOUS, *STANDARD, "--n", "0"], "allowed 1 to"), ([VENOUS, "--average", "--data", table], "two or three model files"),
           ([VENOUS, *STANDARD, "--out", "/tmp/x", "--plot", "/tmp/x"], "the same file"),
           ([VENOUS, "--dose", "1 mg", "--covariates", path("m.csv", "weight\n70\n.\n")], "m.csv:3:1: weight is missing")]
    for words, expected in bad:
        done = subprocess.run([PROGRAM, "simulate", *words], capture_output=True, text=True, cwd=ROOT, timeout=60)
        assert done.returncode in (2, 6) and expected in done.stderr, (words, expected, done)


@case
def examples_of_the_manual_run():
    """Each line of docs/simulate.md that begins with `racemate simulate`, in a folder of its own."""
    text = open(f"{ROOT}/docs/simulate.md", encoding="utf-8").read().replace("\\\n", " ")
    lines = [shlex.split(l.strip()) for l in text.splitlines() if l.strip().startswith("racemate simulate ")]
    assert len(lines) >= 5
    folder = tempfile.mkdtemp(prefix="racemate-manual-")
    for line in lines:
        words = [f"{ROOT}/{w}" if w.startswith(("models/", "examples/")) else w for w in line[1:]]
        done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, cwd=folder, timeout=120)
        assert done.returncode == 0, (line, done)


@case
def a_mistake_is_shown_under_its_line():
    model = path("typing.yaml", open(VENOUS, encoding="utf-8").read().replace("CL / V1", "CL / V9", 1))
    line, text = next((n, l) for n, l in enumerate(open(model, encoding="utf-8").read().split("\n"), 1) if "V9" in l)
    said = run(model, *STANDARD, code=2).stderr.split("\n")
    assert said[0] == f"{model}:{line}:{text.index('V9') + 1}: unknown name 'V9'", said
    assert said[1] == "    " + text and said[2] == " " * (4 + text.index("V9")) + "^", said
    assert "did you mean 'V1'?" in said[3], said
    table = path("typing.csv", "ID,TIME,AMT,weight\r\n1,0,35,70\r\n1,x1,.,70\r\n")
    said = run(VENOUS, "--data", table, code=2).stderr.split("\n")
    assert said[:3] == [f"{table}:3:3: 'x1' is not a number", "    1,x1,.,70", "      ^"], said
    long = path("long.csv", "ID,TIME,AMT,weight\n1,0,35,70\n1,1," + " " * 1000 + "x,70\n")
    said = run(VENOUS, "--data", long, code=2).stderr.split("\n")
    assert "'x' is not a number" in said[0] and all(len(l) < 200 for l in said[1:]), said


@case
def columns_that_are_not_read_are_named():
    table = path("unread.csv", "ID,TIME,AMT,weight,WT\n1,0,35,70,80\n1,1,.,70,80\n")
    assert "mean nothing here were not read: WT" in run(VENOUS, "--data", table).stdout
    assert "WT" in answer(VENOUS, "--data", table)["notes"][0]


@case
def impossible_people_are_refused():
    assert "weight -" in run(VENOUS, "--dose", "35 mg", "--people", "weight ~ normal(20, 30) kg", code=2).stderr
    people = path("people.csv", "weight\n70\n-70\n")
    said = run(VENOUS, "--dose", "35 mg", "--covariates", people, code=2).stderr
    assert f"{people}:3:1: weight is -70 kg, which cannot be" in said, said


@case
def an_end_by_a_signal_leaves_no_half_file():
    folder = path("ended")
    os.mkdir(folder)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        begun = subprocess.Popen([PROGRAM, "simulate", VENOUS, *STANDARD, "--n", "20000000", "--out", f"{folder}/x.csv",
                                  "--columns", f"{folder}/x.rcol"], stdout=subprocess.DEVNULL,
                                 preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        until = time.monotonic() + 60
        while len(os.listdir(folder)) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        assert len(os.listdir(folder)) == 2
        begun.send_signal(number)
        assert begun.wait(timeout=60) == -number
        assert os.listdir(folder) == [], number


@case
def what_is_typed_wrongly_is_named():
    for words, said in [((*STANDARD, "--dose", "70 mg"), "--dose is given twice"),
                        ((*STANDARD, "--n", "1e4"), "--n is '1e4'"),
                        ((*STANDARD, "--n", "1e4"), "write it out: 10000"),
                        ((*STANDARD, "--output", "foo"), "it has ketamine, norketamine"),
                        (("--dose", "-3 mg", "--weight", "70 kg"), "an amount is above 0")]:
        assert said in run(VENOUS, *words, code=2).stderr, said


if __name__ == "__main__":
    main()
