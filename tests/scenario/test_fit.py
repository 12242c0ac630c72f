#!/usr/bin/env python3
"""`racemate fit` and `racemate dose` as a pharmacometrician uses them: tables in, words, JSON and pictures out."""
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
ARTERIAL = f"{ROOT}/models/racemic-arterial.yaml"
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
    few = ["--samples", "300"]
    said = answer("fit", VENOUS, "--data", SAMPLES, *few)
    people = said["subjects"]
    assert [p["id"] for p in people] == list(range(1, 13)) and all(p["fitted"] for p in people)
    for p in people:
        assert p["objective"] < p["objective_typical"] and p["effective_draws"] > 700, p["id"]
        for name, value in p["parameters"].items():
            assert value["p05"] < value["value"] < value["p95"], (p["id"], name, value)
    assert sorted(people[0]["parameters"]) == sorted(["V1", "CL", "Vnk", "CLnk"])
    assert len(said["shrinkage"]["etas"]) == 4 and said["shrinkage"]["residuals"]["r_ketamine"] is None
    assert answer("fit", VENOUS, "--data", SAMPLES, *few) == said
    other = answer("fit", VENOUS, "--data", SAMPLES, *few, "--seed", "2")["subjects"][0]
    assert other["objective"] == people[0]["objective"]
    assert other["parameters"]["CL"]["p05"] != people[0]["parameters"]["CL"]["p05"]


@case
def one_patient_needs_no_codes():
    path = table("ID,TIME,AMT,RATE,CMT,DV,BLQ,weight,sex\n7,0,35,52.5,intravenous,.,0,70,f\n"
                 "7,1,.,.,ketamine,80,0,70,f\n7,3,.,.,norketamine,70,0,70,f\n7,8,.,.,ketamine,5,1,70,f\n")
    said = answer("fit", VENOUS, "--data", path, "--unit", "ng/mL", "--samples", "300")
    assert said["columns_not_read"] == "sex"
    samples = said["subjects"][0]["samples"]
    assert [s["output"] for s in samples] == ["ketamine", "norketamine", "ketamine"]
    assert samples[2]["below"] == 1 and samples[2]["predicted"] < 0.006
    words = run("fit", VENOUS, "--data", path, "--unit", "ng/mL", "--samples", "300").stdout
    assert "from two subjects on" in words and "not read: sex." in words
    wrong = run("fit", VENOUS, "--data", table("ID,TIME,AMT,CMT,DV,weight\n7,0,35,1,.,70\n7,1,.,ketamin,80,70\n"))
    assert wrong.returncode and ":3:7: 'ketamin' is no output of the model: ketamine, norketamine," in wrong.stderr


@case
def the_manual_shows_what_the_program_says():
    manual = open(f"{ROOT}/docs/fit.md", encoding="utf-8").read()
    said = run("fit", VENOUS, "--data", SAMPLES).stdout
    words = re.sub(r" +", " ", said)
    shown = re.findall(r"^    (ID  .*|1   .*)$", manual, re.M)
    assert len(shown) == 2
    dose = ask_dose("--goal", "ketamine > 100 ng/mL at end in 80 %")
    words += re.sub(r" +", " ", run(*dose).stdout)
    shown += re.findall(r"^ +(over  .*|[24]0 min .*)$", manual, re.M)
    assert len(shown) == 5
    for line in shown:
        assert re.sub(r" +", " ", line).strip() in words, line
    assert "recommends nothing" in said and "doi:" in said


@case
def files_are_written():
    folder = tempfile.mkdtemp(prefix="racemate-test-")
    done = run("fit", VENOUS, "--data", SAMPLES, "--samples", "300", "--out", f"{folder}/fits.csv", "--plot", f"{folder}/fits.svg")
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
def sessions_are_occasions_and_weights_change():
    model = os.path.join(tempfile.mkdtemp(prefix="racemate-test-"), "own.yaml")
    with open(model, "w", encoding="utf-8") as f:
        f.write("model: own\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
                "units: {time: h, amount: mg, volume: L}\ncovariates: {weight: {unit: kg, range: [40, 160]}}\n"
                "parameters: {V: 100 L * (weight / 70 kg), CL: 80 L/h}\n"
                "variability:\n  - {of: V, cv: 30 %}\n  - {of: CL, cv: 20 %}\n  - {of: CL, cv: 15 %, level: occasion}\n"
                "flows: {a -> out: CL / V}\nroutes: {iv: a}\noutputs: {c: a / V}\nerror: {c: {proportional: 0.1}}\n")
    rows = "ID,TIME,AMT,RATE,DV,OCC,weight\n1,0,40,60,.,1,70\n1,1,.,.,0.2,1,70\n1,3,.,.,0.05,1,70\n" \
           "1,72,40,60,.,2,84\n1,73,.,.,0.2,2,84\n1,75,.,.,0.09,2,84\n"
    folder = tempfile.mkdtemp(prefix="racemate-test-")
    done = run("fit", model, "--data", table(rows), "--out", f"{folder}/fits.csv", "--json")
    assert done.returncode == 0, done
    epochs = json.loads(done.stdout)["subjects"][0]["epochs"]
    assert [(e["from_h"], e["occasion"]) for e in epochs] == [(0, 1), (72, 2)]
    first, second = [e["etas"] for e in epochs]
    assert first[:2] == second[:2] and first[2] > 0 > second[2], epochs  # one person, two days: fast, then slow
    told = list(csv.DictReader(open(f"{folder}/fits.csv", encoding="utf-8")))
    assert abs(float(told[2]["V"]) / float(told[0]["V"]) - 1.2) < 1e-9 and float(told[0]["CL"]) > float(told[3]["CL"])


@case
def what_is_simulated_is_found_again():
    """New values for the people of the example, drawn by the program itself: residuals of the fits are as large as they should be."""
    folder = tempfile.mkdtemp(prefix="racemate-test-")
    assert run("simulate", VENOUS, "--data", SAMPLES, "--residual", "--seed", "5", "--out", f"{folder}/new.csv").returncode == 0
    new = {(r["id"], float(r["time_h"]), r["output"]): r["value"] for r in csv.DictReader(open(f"{folder}/new.csv", encoding="utf-8"))}
    rows = list(csv.DictReader(open(SAMPLES, encoding="utf-8")))
    for r in rows:
        if r["EVID"] == "0":
            r["DV"], r["BLQ"] = new[(r["ID"], float(r["TIME"]), ["ketamine", "norketamine"][int(r["CMT"]) - 1])], "0"
    text = ",".join(rows[0]) + "\n" + "".join(",".join(r.values()) + "\n" for r in rows)
    said = answer("fit", VENOUS, "--data", table(text), "--samples", "300")
    assert all(p["fitted"] for p in said["subjects"])
    residuals = [s["residual"] for p in said["subjects"] for s in p["samples"]]
    within = sum(abs(r) < 1.96 for r in residuals) / len(residuals)
    assert len(residuals) == 132 and 0.9 < within <= 1, within
    assert abs(sum(residuals) / len(residuals)) < 0.2
    assert all(-0.3 < e["shrinkage"] < 0.7 for e in said["shrinkage"]["etas"]), said["shrinkage"]


@case
def a_laboratory_writes_nanograms():
    rows = list(csv.DictReader(open(SAMPLES, encoding="utf-8")))
    for r in rows:
        if r["EVID"] == "0":
            r["DV"] = repr(float(r["DV"]) * 1000)
    text = ",".join(rows[0]) + "\n" + "".join(",".join(r.values()) + "\n" for r in rows)
    few = ["--samples", "100"]
    plain, told = [answer("fit", VENOUS, *words)["subjects"] for words in
                   (["--data", SAMPLES, *few], ["--data", table(text), "--unit", "ng/mL", *few])]
    for a, b in zip(plain, told):
        assert abs(a["objective"] - b["objective"]) < 1e-6
    wrong = run("fit", VENOUS, "--data", table(text), *few)
    assert wrong.returncode != 0 and "is DV in mg/L" in wrong.stderr and "--unit ng/mL" in wrong.stderr, wrong
    assert "is DV in mg/L" not in run("fit", VENOUS, "--data", SAMPLES, *few).stdout
    done = run("fit", VENOUS, "--data", SAMPLES, "--unit", "mg")
    assert done.returncode == 2 and "ketamine is in mg/L" in done.stderr, done


@case
def samples_far_from_what_is_expected_are_fitted_too():
    """Whole steps of Fisher scoring go to and fro in three of a hundred such patients, and ended after 200 of them."""
    rows = ["27,0.7,.,.,0.1229,138", "27,1.4,.,.,0.1931,138", "37,0.7,.,.,0.1369,136", "37,1.4,.,.,0.03334,136",
            "37,2.1,.,.,0.1266,136", "64,0.7,.,.,0.2822,98", "64,1.4,.,.,0.1502,98"]
    doses = {r.split(",")[0]: f"{r.split(',')[0]},0,35,52.5,.,{r.split(',')[-1]}" for r in rows}
    order = [line for who, dose in doses.items() for line in [dose, *(r for r in rows if r.startswith(who + ","))]]
    people = answer("fit", VENOUS, "--samples", "100", "--data", table("ID,TIME,AMT,RATE,DV,weight\n" + "\n".join(order) + "\n"))["subjects"]
    assert len(people) == 3 and all(p["fitted"] and p["steps"] < 60 for p in people), people
    assert all(p["objective"] < p["objective_typical"] for p in people)


@case
def people_beyond_what_was_studied_are_marked():
    heavy = table("ID,TIME,AMT,RATE,DV,weight\n1,0,35,52.5,.,200\n1,1,.,.,0.05,200\n2,0,35,52.5,.,70\n2,1,.,.,0.1,70\n")
    lines = [l for l in run("fit", VENOUS, "--data", heavy, "--samples", "200").stdout.split("\n") if "outside" in l]
    assert len(lines) == 1 and lines[0].startswith("1 ") and "weight 200 kg, studied 40 to 160 kg" in lines[0], lines
    people = answer("fit", VENOUS, "--data", heavy, "--samples", "200")["subjects"]
    assert "200 kg" in people[0]["outside"] and people[1]["outside"] == ""
    ask = ["dose", ARTERIAL, "--dose", "0.5 mg/kg over 40 min", "--weight", "200 kg", "--limit", "ketamine < 300 ng/mL in 95 %"]
    assert "outside what was studied: weight 200 kg" in run(*ask).stdout
    assert "200 kg" in answer(*ask)["outside"]


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


def ask_dose(*words, model=ARTERIAL, limit="ketamine < 300 ng/mL in 95 %"):
    dose = [] if "--dose" in words else ["--dose", "0.5 mg/kg over 40 min"]
    return ["dose", model, *dose, "--weight", "70 kg", "--limit", limit, *words]


@case
def slower_infusions_allow_more_and_shares_are_told():
    said = answer(*ask_dose("--goal", "ketamine > 100 ng/mL at 40 min in 80 %"))
    rows = said["durations"]
    assert [r["duration_min"] for r in rows] == list(range(20, 101, 10)) and said["recommends"] is False
    most = [r["at_most"] for r in rows]
    assert most == sorted(most) and all(r["possible"] == (r["at_least"] <= r["at_most"]) for r in rows)
    assert [r["possible"] for r in rows] == [False] + 8 * [True]  # what 20 min gave has fallen by 40 min
    for r in rows:
        low, high = [line["at_most"] for line in r["lines"]]
        assert high <= r["at_most"] <= low and 0 <= r["share_of_limits"] <= 1
    assert abs(said["share_error"] - 0.031) < 0.0001
    usual = rows[2]
    assert usual["benefit"] == "studied" and usual["shares"][0] > 0.95 and usual["at_most"] > 0.5
    assert all(r["benefit"] == "cannot say" for r in rows if r is not usual)
    assert "doi:10.1038/s41380-018-0256-5" in said["studied"]["source"]
    words = run(*ask_dose()).stdout
    assert "recommends nothing" in words and "cannot say" in words and "virtual people of 70 kg" in words and "borrowed" in words


@case
def a_duration_outside_the_list_is_added_and_limits_of_effect_hold_too():
    rows = answer(*ask_dose("--durations", "30 min..50 min by 20 min", limit="ketamine < 300 ng/mL in 95 %; effect_s < 121 ng/mL in 90 %"))["durations"]
    assert [r["duration_min"] for r in rows] == [30, 40, 50] and len(rows[0]["shares"]) == 2
    alone = answer(*ask_dose("--durations", "40 min"))["durations"][0]
    assert rows[1]["at_most"] < alone["at_most"]
    early = answer(*ask_dose("--durations", "40 min", limit="ketamine < 300 ng/mL until 10 min in 95 %"))["durations"][0]
    assert early["at_most"] > alone["at_most"]
    both = answer(*ask_dose("--durations", "40 min", "--goal", "ketamine > 400 ng/mL at end in 80 %"))["durations"][0]
    assert both["possible"] is False and both["at_least"] > both["at_most"]


@case
def an_effect_that_saturates_may_be_limited_too():
    """Half of the effect is reached at 121 ng/mL at the effect site, so both limits are one; the second is no quotient."""
    own = os.path.join(tempfile.mkdtemp(prefix="racemate-test-"), "own.yaml")
    text = open(ARTERIAL, encoding="utf-8").read().replace("model: racemic-arterial", "model: own", 1)
    with open(own, "w", encoding="utf-8") as f:
        f.write(text.replace("  effect_s: effect / 2", "  effect_s: effect / 2\n  perception: 100 * (effect / 2) / (0.121 mg/L + effect / 2)", 1))
    words = ["--durations", "40 min", "--n", "300"]
    exact = answer(*ask_dose(*words, limit="effect_s < 121 ng/mL in 90 %"))
    bent = answer(*ask_dose(*words, model=own, limit="perception < 50 in 90 %"))
    assert bent["interpolated"] and not exact["interpolated"]
    assert abs(bent["durations"][0]["at_most"] / exact["durations"][0]["at_most"] - 1) < 0.005
    assert "interpolated" in run(*ask_dose(*words, model=own, limit="perception < 50 in 90 %")).stdout


@case
def benefit_is_not_said_where_nothing_was_studied():
    high = answer(*ask_dose("--durations", "40 min", limit="ketamine < 900 ng/mL in 95 %"))["durations"][0]
    assert high["at_most"] > 1 and high["benefit"] == "cannot say"
    fixed = answer("dose", ARTERIAL, "--dose", "35 mg over 40 min", "--weight", "70 kg", "--limit", "ketamine < 300 ng/mL in 95 %")
    assert fixed["studied"] == "cannot say" and all(r["benefit"] == "cannot say" for r in fixed["durations"]) and fixed["unit"] == "mg"
    told = answer(*ask_dose("--durations", "60 min", "--studied", "0.2 mg/kg..0.9 mg/kg over 60 min"))["durations"]
    assert [r["benefit"] for r in told] == ["cannot say", "studied"]


@case
def a_patient_who_was_measured_is_not_the_population():
    words = ["--durations", "40 min", "--n", "400"]
    known = answer("dose", VENOUS, "--dose", "0.5 mg/kg over 40 min", "--limit", "ketamine < 200 ng/mL in 95 %", *words, "--data", SAMPLES, "--id", "11")
    people = answer("dose", VENOUS, "--dose", "0.5 mg/kg over 40 min", "--limit", "ketamine < 200 ng/mL in 95 %", *words, "--weight", "92 kg")
    assert known["patient"]["id"] == 11 and known["patient"]["effective_draws"] > 400 and people["patient"] is None
    # this one has twice the usual volume: more is allowed, and more certainly
    one, all_ = known["durations"][0], people["durations"][0]
    assert one["at_most"] > 1.2 * all_["at_most"] and one["shares"][0] > all_["shares"][0]
    done = run("dose", VENOUS, "--dose", "0.5 mg/kg over 40 min", "--limit", "ketamine < 200 ng/mL in 95 %", "--data", SAMPLES)
    assert done.returncode == 2 and "say which with --id" in done.stderr


@case
def what_was_given_before_counts_and_is_not_multiplied():
    limit = "norketamine < 60 ng/mL in 95 %"
    def most(*words, model=ARTERIAL):
        return answer(*ask_dose("--durations", "40 min", "--n", "300", *words, model=model, limit=limit))["durations"][0]["at_most"]
    alone, week, hours, steady = most(), most("--after", "0.5 mg/kg over 40 min, 7 d ago"), most("--after", "0.5 mg/kg over 40 min, 4 h ago"), \
        most("--after", "0.5 mg/kg over 40 min steady every 24 h, 24 h ago")
    assert abs(week / alone - 1) < 0.01 and hours < 0.8 * alone and most("--after", "0.5 mg/kg over 40 min, 24 h ago") > steady
    assert abs(most("--after", "0.5 mg/kg over 40 min, 10 d ago, 10 times every 24 h") / steady - 1) < 1e-3
    both = answer(*ask_dose("--durations", "40 min", "--n", "300", "--after", "0.5 mg/kg over 40 min, 72 h ago; 35 mg, 30 h ago"))
    assert both["studied"] == "cannot say" and both["durations"][0]["benefit"] == "cannot say"
    assert [(d["time_h"], d["unit"]) for d in both["after"]] == [(-72, "mg/kg"), (-30, "mg")]
    assert "after 0.5 mg/kg over 40 min, 72 h ago" in run(*ask_dose("--durations", "40 min", "--after", "0.5 mg/kg over 40 min, 72 h ago")).stdout
    for words, expected in (("0.5 mg/kg over 40 min", "how long ago"), ("0.5 mg/kg, 3 h ago, 5 times every 1 h", "now or later"),
                            ("0.5 mg/kg, 0 h ago", "not past"), ("0.5 mg/kg, 3 h ago via nose", "names no route")):
        done = run(*ask_dose("--after", words))
        assert done.returncode == 2 and expected in done.stderr, (words, done)


@case
def other_drugs_that_the_model_knows_count():
    alone, beside = [answer(*ask_dose("--durations", "40 min", *more, limit="norketamine < 100 ng/mL in 95 %"))
                     for more in ([], ["--with", "rifampicin"])]
    assert alone["with"] == "" and "CLnk x3" in beside["with"]
    assert beside["durations"][0]["at_most"] > 1.15 * alone["durations"][0]["at_most"]
    one, other = [answer("fit", VENOUS, "--data", SAMPLES, "--samples", "100", *more)["subjects"][0]
                  for more in ([], ["--with", "rifampicin"])]
    assert other["objective"] > one["objective"] + 3  # nobody in the example took it, and it shows
    assert other["epochs"][0]["etas"][3] < one["epochs"][0]["etas"][3] - 0.5
    done = run(*ask_dose("--with", "rifampicine"))
    assert done.returncode != 0 and "rifampicin" in done.stderr, done


@case
def questions_that_make_no_sense_are_refused():
    bad = [("ketamine < 300 in 95 %", "has no unit"), ("ketamin < 300 ng/mL in 95 %", "did you mean ketamine"),
           ("ketamine < 300 ng/mL", "in how many"), ("ketamine > 300 ng/mL in 95 %", "no limit"), ("ketamine < 300 ng/mL in 95", "95 %"),
           ("ketamine < 3 mL in 95 %", "volume"), ("ketamine < 300 ng/mL from 1 h in 9 %", "has no end"),
           ("ketamine < 300 ng/mL at soon in 95 %", "soon"), ("ketamine < 300 ng/mL in 150 %", "no share"), (";", "give a --limit"),
           ("ketamine < 0 ng/mL in 95 %", "above 0"), ("ketamine < 300 ng/mL from 2 h to 1 h in 95 %", "from 2 to 1 h")]
    for limit, why in bad:
        done = run(*ask_dose(limit=limit))
        assert done.returncode == 2 and why in done.stderr, (limit, done)
    for words, why in ((["--durations", "20 min..10 min"], "no range"), (["--dose", "35 mg"], "no infusion"), (["--dose", "35 mg over 40 min via nose"], "one of: intravenous"), (["--n", "5"], "allowed 100"),
                       (["--studied", "much"], "no studied range"), (["--data", SAMPLES, "--id", "99"], "no residual error")):
        done = run(*ask_dose(*words))
        assert done.returncode != 0 and (why in done.stderr or "--id" in words), (words, done)


@case
def the_picture_names_what_it_shows():
    path = tempfile.mkdtemp(prefix="racemate-test-") + "/dose.svg"
    assert run(*ask_dose("--plot", path)).returncode == 0
    text = "".join(xml.etree.ElementTree.parse(path).getroot().itertext())
    for words in ("duration of the infusion (min)", "amount (mg/kg)", "limits allow, as asked", "0.5 mg/kg over 40 min", "trials gave"):
        assert words in text, words


main()
