#!/usr/bin/env python3
"""The tables of docs/models.md that compare models with published exposures are computed again, row by row; models are found by
name from any folder; every number of every model can be traced."""
import json
import os
import re
import subprocess
import tempfile

from clinic import PROGRAM, ROOT, Clinic
from tap import case, main

NOWHERE = tempfile.mkdtemp(prefix="racemate-models-")
MODELS = sorted(name.removesuffix(".yaml") for name in os.listdir(f"{ROOT}/models"))


def run(*words, code=0, cwd=NOWHERE):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, cwd=cwd, timeout=120)
    assert done.returncode == code, (words, done)
    return done


# ---- a published exposure, as the models give it ----

CACHE = {}


def simulate(model, given, hours, drug=None):
    """Typical curves by output, every minute to 24 h, then every 10 min: [(hours, mg/L)]."""
    key = (model, given, hours, drug)
    if key not in CACHE:
        who = re.search(r"; (\d+) kg$", given)
        words = ["simulate", model, "--dose", given[: who.start()] if who else given, "--n", "1", "--json", "--times",
                 f"{min(hours, 24)} h by 1 min" + (f"; {hours} h by 10 min" if hours > 24 else "")]
        weight = f"{who.group(1) if who else 70} kg"
        words += ["--people", "age = 40 year"] if model == "esketamine" else ["--weight", weight]
        words += ["--with", drug] if drug else []
        outputs = json.loads(run(*words).stdout)["models"][0]["outputs"]
        CACHE[key] = {o["output"]: [(r["time_h"], r["typical"]) for r in o["rows"]] for o in outputs}
    return CACHE[key]


def area(curve):
    return sum((a[1] + b[1]) / 2 * (b[0] - a[0]) for a, b in zip(curve, curve[1:]))


def hours_of(text):
    number, unit = text.split()
    return float(number) * {"min": 1 / 60, "h": 1}[unit]


def exposure(model, given, output, what):
    """What a model says, in the unit of the table: ng/mL, ng h/mL, min, or a share."""
    if " with " in given:  # a ratio: with another drug, over without
        given, drug = given.split(" with ")
        with_it, without = simulate(model, given, 192, drug)[output], simulate(model, given, 192)[output]
        return area(with_it) / area(without) if what == "area, times" else max(p[1] for p in with_it) / max(p[1] for p in without)
    if what.startswith("share absorbed"):
        dose = sum(float(d) for d in re.findall(r"([\d.]+) mg", given))
        in_vein = f"{dose:g} mg over 40 min via intravenous"
        return area(simulate(model, given, 192)[output]) / area(simulate(model, in_vein, 192)[output])
    if what.startswith("at "):
        at = hours_of(what.removeprefix("at "))
        return 1000 * min(simulate(model, given, 72 if at > 24 else 12)[output], key=lambda p: abs(p[0] - at))[1]
    if what.startswith("area to "):
        end = hours_of(what.removeprefix("area to "))
        return 1000 * area([p for p in simulate(model, given, 72 if end > 24 else 24)[output] if p[0] <= end + 1e-9])
    curve = simulate(model, given, 12)[output]
    peak = max(curve, key=lambda p: p[1])
    return {"highest": 1000 * peak[1], "reached at": 60 * peak[0]}[what]


def rows():
    """study | given | model: output | what | published | model | ratio"""
    text = open(f"{ROOT}/docs/models.md", encoding="utf-8").read()
    for line in text.splitlines():
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if len(cells) == 7 and re.fullmatch(r"[\d.]+", cells[6]):
            yield cells


@case
def published_exposures_stand_in_the_manual_as_the_models_give_them():
    count, study, given = 0, "", ""
    for cells in rows():
        study, given = cells[0] or study, cells[1] or given
        model, output = cells[2].strip("`").split(": ")
        now = exposure(model, given.strip("`"), output, cells[3])
        published, shown, ratio = (float(c.split()[0]) for c in (cells[4], cells[5], cells[6]))
        assert abs(now - shown) <= 0.0051 * max(shown, 1e-9), (cells, now)
        assert abs(now / published - ratio) <= 0.0051, (cells, now / published)
        count += 1
    assert count > 60, count


@case
def models_are_found_by_name_from_any_folder():
    for verb in (["check"], ["show"], ["explain"], ["graph"]):
        named = run("model", *verb, "racemic-venous").stdout
        assert named and named == run("model", *verb, "models/racemic-venous.yaml").stdout, verb
    curve = ["--dose", "0.5 mg/kg over 40 min", "--weight", "70 kg", "--n", "10"]
    assert run("simulate", "racemic-venous", *curve).stdout == run("simulate", "models/racemic-venous.yaml", *curve, cwd=ROOT).stdout
    assert "Racemic ketamine and norketamine" in run("fit", "racemic-venous", "--data", f"{ROOT}/examples/samples.csv").stdout
    assert "ketamine < 300 ng/mL" in run("dose", "racemic-arterial", "--dose", "0.5 mg/kg over 40 min", "--weight", "70 kg", "--limit",
                                         "ketamine < 300 ng/mL in 95 %", "--n", "100").stdout
    assert "depression-iv-standard: no problems" in run("protocol", "check", "depression-iv-standard").stdout
    done = run("model", "show", "racemic-vein", code=4)
    assert "did you mean racemic-venous?" in done.stderr and "zhao-2012" in done.stderr, done
    done = run("simulate", "nothing", *curve, code=4)
    assert all(name in done.stderr for name in MODELS), done
    own = os.path.join(NOWHERE, "esketamine")  # a file that is here comes first
    with open(own, "w", encoding="utf-8") as f:
        f.write("model: 1\n")
    assert "esketamine has" in run("model", "check", "esketamine", code=2).stderr
    os.remove(own)


@case
def every_number_is_told_with_its_source():
    for name in MODELS:
        said = json.loads(run("model", "explain", name, "--json").stdout)
        assert said["references"] and all(n["source"] for n in said["numbers"]), name
        text = run("model", "explain", name).stdout
        assert "(no source)" not in text and "One in full" in text, text
        for number in said["numbers"]:
            assert number["kind"] == "range" or number["tier"] in ("A", "B", "C") or number["source"].startswith(("made of others", "nobody's")), number
            if number["kind"] in ("parameter", "error", "range"):
                one = json.loads(run("model", "explain", name, number["name"], "--json").stdout)
                assert number["source"].startswith(("made of others", "nobody's")) or one["references"], (name, number)
        assert json.loads(run("model", "check", name, "--json").stdout)["unsourced"] == []
    said = json.loads(run("model", "explain", "esketamine", "kel", "--json").stdout)
    assert said["printed"].startswith("kel 1.11") and said["references"][0]["name"] == "Perez-Ruixo 2021", said
    assert "26.29 1/h (0.4381 /min)" in run("model", "explain", "domino-1984").stdout
    listed = {m["model"]: m for m in json.loads(run("model", "list", "--json").stdout)}
    assert [m for m in listed if listed[m]["fits"]] == ["esketamine-arterial", "esketamine", "otto-2021-s-ketamine", "racemic-venous"], listed
    assert listed["racemic-arterial"]["varies"] and not listed["domino-1984"]["varies"] and "film" in listed["esketamine-arterial"]["routes"]
    shown = run("model", "explain", "racemic-venous", "ketamine").stdout
    assert "proportional 0.2361" in shown and "0.055736" in shown, shown
    assert "means 68.0" in run("model", "explain", "racemic-venous", "weight").stdout
    own = os.path.join(NOWHERE, "own.yaml")
    with open(own, "w", encoding="utf-8") as f:
        f.write(open(f"{ROOT}/models/clements-1981.yaml", encoding="utf-8").read().replace(", source: \"Clements 1981\", tier: C", "", 1))
    done = run("model", "check", own)
    assert "V1 has no source" in done.stdout and "1 number nobody can trace" in done.stdout, done


@case
def a_plan_is_averaged_over_models_and_by_samples():
    """A model that the samples rule out leaves the other's band; without samples the models weigh the same."""
    clinic = Clinic().at("09:30")
    clinic.adopt()
    patient = clinic.candidate()

    def plan(*words, code=0, data=None):
        env = {k: v for k, v in os.environ.items() if not k.startswith("RACEMATE_")}
        env.update(RACEMATE_CLINIC=clinic.path, RACEMATE_CLOCK=clinic.clock, **({"RACEMATE_DATA": data} if data else {}))
        done = subprocess.run([PROGRAM, "plan", patient, "70 kg", *words], env=env, capture_output=True, text=True, timeout=120)
        assert done.returncode == code, (words, done)
        return done

    said = json.loads(plan("--models", "racemic-arterial,racemic-venous", "--average", "--json").stdout)["average"]
    end = next(r for r in said["rows"] if r["remark"] == "end of infusion")
    assert [m["weight"] for m in said["models"]] == [0.5, 0.5] and said["by"] == "people", said
    low, high = end["models"]["racemic-venous"], end["models"]["racemic-arterial"]
    assert abs(low["p50_ng_per_ml"] - 160) < 6 and abs(high["p50_ng_per_ml"] - 253) < 6, end
    assert low["p05_ng_per_ml"] < end["p05_ng_per_ml"] < end["p50_ng_per_ml"] < end["p95_ng_per_ml"] < high["p95_ng_per_ml"], end
    assert "equal, as nothing is known" in plan("--models", "racemic-arterial,racemic-venous", "--average").stdout
    folder = tempfile.mkdtemp(prefix="racemate-models-")
    os.mkdir(f"{folder}/models")
    text = open(f"{ROOT}/models/racemic-venous.yaml", encoding="utf-8").read()
    with open(f"{folder}/models/sure.yaml", "w", encoding="utf-8") as f:  # an assay without error: no sample fits it
        f.write(text.replace("model: racemic-venous", "model: sure").replace("proportional: 0.23609", "proportional: 0.0001"))
    table = os.path.join(folder, "earlier.csv")
    with open(table, "w", encoding="utf-8") as f:
        f.write("ID,TIME,AMT,RATE,EVID,CMT,DV,weight\n1,0,35,52.5,1,1,.,70\n1,0.667,.,.,0,1,0.24,70\n1,1,.,.,0,1,0.17,70\n1,2,.,.,0,1,0.11,70\n")
    said = json.loads(plan("--models", "racemic-venous,sure", "--data", table, "--json", data=folder).stdout)["average"]
    assert [m["weight"] for m in said["models"]] == [1, 0] and said["by"] == "samples", said["models"]
    for row in said["rows"]:
        own = row["models"]["racemic-venous"]
        assert all(row[q] == own[q] for q in own), row
    mine = next(r for r in said["rows"] if r["remark"] == "end of infusion")
    assert 190 < mine["p50_ng_per_ml"] < 250 and mine["p05_ng_per_ml"] > low["p05_ng_per_ml"], mine  # higher than most people
    assert "of this patient by earlier samples" in plan("--models", "racemic-venous,sure", "--data", table, data=folder).stdout
    assert "residual error" in plan("--models", "racemic-arterial,racemic-venous", "--data", table, code=2).stderr
    assert "which models?" in plan("--average", code=2).stderr
    assert "12 subjects" in plan("--models", "racemic-venous", "--data", f"{ROOT}/examples/samples.csv", code=2).stderr


if __name__ == "__main__":
    main()
