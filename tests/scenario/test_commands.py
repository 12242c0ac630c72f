#!/usr/bin/env python3
"""The command line as a stranger meets it: help for everything, examples that run, bad input that says what is wrong."""
import os
import re
import subprocess

from clinic import Clinic, PROGRAM, PROTOCOL, ROOT, VALUES
from tap import case, main


def bare(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, cwd=ROOT, timeout=60)


def commands():
    """(noun, verb) of every use case, as the completion lists them."""
    text = bare("help").stdout
    return [line.split("  ")[1].split() for line in text.split("\n") if re.match(r"  [a-z]", line)]


def example_of(words):
    text = bare(*words, "--help").stdout
    found = re.search(r"Example:\n  racemate (.*)", text)
    return found.group(1).strip() if found else None


@case
def help_lists_every_command_and_each_explains_itself():
    assert len(commands()) > 45
    for words in commands():
        done = bare("help", *words)
        assert done.returncode == 0 and "Usage:" in done.stdout, (words, done)
    assert "never drives a pump" in bare("--help").stdout
    assert "self-treatment" in bare("--help").stdout


@case
def examples_run():
    """Each example is typed in a clinic in the middle of a day. Refusals of a gate are answers; usage errors are not."""
    import shlex
    clinic = Clinic().at("09:30")
    clinic.adopt()
    patient = clinic.candidate()
    session = clinic.ready(patient)
    clinic("session", "start", session, who="rk")
    for words in commands():
        example = example_of(words)
        if example is None:
            continue
        line = [w if not w.startswith(("protocols/", "cohorts/", "examples/", "models/")) else f"{ROOT}/{w}" for w in shlex.split(example)]
        if line[0] in ("backup", "export"):
            line[1] = f"{clinic.folder}/{line[1]}"
        who = "dora" if line[:2] in (["staff", "add"], ["protocol", "adopt"]) else "pete" if "sign-plan" in line else "rk"
        done = clinic.run(*line, who=who)
        assert done.returncode in (0, 3, 4, 5), (line, done)
        assert done.returncode == 0 or done.stderr.startswith("racemate: "), (line, done)


@case
def a_plan_says_what_concentration_to_expect():
    """0.5 mg/kg over 40 min at 70 kg peaks at 253.05 ng/mL in a second, unrelated implementation of the same model."""
    clinic = Clinic().at("09:30")
    clinic.adopt()
    patient = clinic.candidate()
    card = clinic.run("plan", patient, "70 kg", who="rk").stdout
    end = re.search(r"(\d+) ng/mL  \(90 % of people (\d+) to (\d+)\)  end of infusion", card)
    assert end, card
    typical, low, high = map(int, end.groups())
    assert abs(typical - 253) <= 3 and low < typical < high, card
    assert "arterial plasma, not measured" in card and "doi:" in card and "recommends nothing" in card
    beside = clinic.run("plan", patient, "70 kg", "--models", "racemic-arterial,racemic-venous,domino-1984", who="rk").stdout
    row = re.search(r" 40 min  (\d+) \(\d+ to \d+\) +(\d+) \(\d+ to \d+\) +(\d+) +end of infusion", beside)
    assert row and [abs(int(a) - b) <= 3 for a, b in zip(row.groups(), (253, 160, 240))] == [True] * 3, beside
    assert "venous plasma" in beside and len(clinic.json("plan", patient, "70 kg", "--models", "racemic-venous", who="rk")["models"]) == 1
    for models, why in (("nobody", "no model 'nobody'"), ("../x", "no model"), ("otto-2021-s-ketamine", "written for S-ketamine"), ("a,b,c,d", "no model 'a'")):
        done = clinic.run("plan", patient, "70 kg", "--models", models, who="rk")
        assert done.returncode in (4, 7) and why in done.stderr, done
    session = clinic.ready(patient)
    clinic("session", "start", session, who="rk")
    running = clinic.run("session", "show", session, who="rk").stdout
    clinic.at("09:50")
    clinic("session", "stop", session, who="rk")
    stopped = clinic.run("session", "show", session, who="rk").stdout
    peak = [float(re.search(r"(\d+) ng/mL .* end of infusion", t).group(1)) for t in (running, stopped)]
    assert 60 < peak[1] < peak[0] - 20, peak


@case
def models_are_simulated_and_checked():
    """The venous model gives 160 ng/mL at the end of 35 mg in 40 min, as an unrelated implementation does."""
    import json
    file = f"{ROOT}/models/racemic-venous.yaml"
    words = ["simulate", file, "--dose", "0.5 mg/kg over 40 min", "--weight", "70 kg"]
    done = bare(*words, "--json")
    assert done.returncode == 0, done
    first = json.loads(done.stdout)["models"][0]["outputs"][0]
    assert abs(first["highest"]["typical"] - 0.160) < 0.00051 and abs(first["at_h"]["typical"] - 40 / 60) < 1e-9, first["highest"]
    assert first["rows"][40]["p05"] < 0.160 < first["rows"][40]["p95"]
    assert "venous plasma" in bare(*words).stdout and "doi:" in bare(*words).stdout
    assert "[values unknown: does not run]" in bare("model", "list").stdout
    for bad, why in (("0.5 mL/kg over 40 min", "volume"), ("0.5", "unit"), ("-1 mg", "no dose"), ("1 mg over soon", "soon")):
        done = bare("simulate", file, "--dose", bad, "--weight", "70 kg")
        assert done.returncode == 2 and why in done.stderr, (bad, done)
    done = bare("model", "check", f"{ROOT}/protocols/demo-site.yaml")
    assert done.returncode == 2 and re.search(r"demo-site.yaml:\d+:\d+: ", done.stderr), done


@case
def models_are_explained_and_drawn():
    """Area is dose over clearance: a tenth more clearance leaves 1/1.1 of it, less what is still to come after 24 h."""
    import json
    file = f"{ROOT}/models/racemic-arterial.yaml"
    done = bare("model", "explain", file, "CL", "--weight", "140 kg", "--json")
    said = json.loads(done.stdout)
    assert abs(said["value"] - 84 * 2**0.75) < 1e-9 and said["unit"] == "L/h", said
    rows = {r["output"]: r for r in said["when_10_percent_higher"]}
    assert abs(rows["ketamine"]["area_percent"] - 100 * (1 / 1.1 - 1)) < 0.2, rows
    assert {"kind": "flow", "name": "central -> nk", "expression": "CL / V1"} in said["uses"], said
    done = bare("model", "explain", file, "CLnq")
    assert done.returncode == 4 and "did you mean CLnk" in done.stderr, done
    for name in sorted(os.listdir(f"{ROOT}/models")):
        first, again = (bare("model", "graph", f"{ROOT}/models/{name}").stdout for _ in range(2))
        assert first == again and first.startswith("<svg ") and name.removesuffix(".yaml") in first, name
        assert name in bare("model", "list").stdout


@case
def another_drug_is_applied_where_it_was_studied():
    """Noppers 2011: with rifampicin 0.90 of the area of S-ketamine and 0.50 of that of S-norketamine; here to 5 h."""
    import json
    file = f"{ROOT}/models/esketamine-arterial.yaml"
    words = ["simulate", file, "--dose", "40 mg over 2 h via intravenous", "--weight", "70 kg", "--times", "5 h by 5 min", "--n", "8", "--json"]
    plain, changed = (json.loads(bare(*words, *more).stdout) for more in ([], ["--with", "rifampicin"]))
    areas = [{o["output"]: o["area_h"]["typical"] for o in d["models"][0]["outputs"]} for d in (plain, changed)]
    for output, ratio in (("ketamine", 0.90), ("norketamine", 0.50)):
        assert abs(areas[1][output] / areas[0][output] - ratio) < 0.035, areas
    assert plain["models"][0]["with"] == "" and "CLK1 x1.13, CLN1 x3" in changed["models"][0]["with"], changed["models"][0]["with"]
    done = bare("simulate", file, "--dose", "50 mg via film", "--weight", "70 kg", "--with", "rifampicin")
    assert done.returncode == 3 and "studied with the route intravenous, not film" in done.stderr, done
    done = bare("model", "show", f"{ROOT}/models/esketamine.yaml", "--with", "itraconazole")
    assert done.returncode == 4 and "no parameter of this model can express it" in done.stderr, done
    done = bare("model", "show", f"{ROOT}/models/esketamine.yaml", "--with", "ticlopidine")
    assert done.returncode == 4 and "did you mean 'ticlopidine-oral' or 'ticlopidine-nasal'?" in done.stderr, done
    shown = bare("model", "show", f"{ROOT}/models/esketamine.yaml").stdout
    assert "reported, not applied: grapefruit juice, oral" in shown and "pmid:22286159" in shown, shown


@case
def unknown_words_are_met_with_the_near_one():
    done = bare("sesion", "list")
    assert done.returncode == 4 and "did you mean session" in done.stderr
    done = bare("session", "strat", "1")
    assert done.returncode == 4 and "did you mean session start" in done.stderr
    done = bare("screen")
    assert done.returncode == 2 and "'patient' is missing" in done.stderr
    done = bare("screen", "P0001", "--protocoll", "x")
    assert done.returncode == 2 and "did you mean protocol" in done.stderr


@case
def bad_input_is_refused_with_its_reason():
    clinic = Clinic().at("09:30")
    clinic.adopt()
    patient = clinic.candidate()
    session = clinic.ready(patient)
    bad = [(["read", session, "78/128"], "is not above"), (["read", session, "1280/78"], "is not possible"),
           (["read", session, "banana"], "is not a pressure"), (["read", session, "128/78", "--at", "2027-01-01T00:00:00Z"], "future"),
           (["score", patient, "PHQ-9", "1,2,3"], "9 items"), (["score", patient, "PHQ-9", "--total", "99"], "allowed 0 to 27"),
           (["session", "weigh", session, "157 lb"], "lb"), (["session", "rate", session, "60"], "has no unit"),
           (["correct", session, "9999", "--rate", "60 mL/h", "--reason", "x"], "no entry"),
           (["fact", patient, "screening_sbp", "128 kg"], "pressure"), (["patient", "add", "X", "--born", "30.4.88"], "not a time")]
    for words, expected in bad:
        done = clinic.run(*words, who="rk")
        assert done.returncode in (2, 4) and expected in done.stderr + done.stdout, (words, done)
    assert clinic.json("verify")["finding"] == "intact"


@case
def a_person_is_needed_and_their_pin():
    clinic = Clinic().at("09:30")
    clinic.adopt()
    assert "who are you" in clinic("patient", "add", "X", code=12)
    assert "nobody is known" in clinic("patient", "add", "X", who="mallory", code=12)
    assert "a PIN is needed" in clinic("protocol", "adopt", PROTOCOL, VALUES, who="dora", pin=False, code=12)


@case
def a_broken_protocol_reports_every_problem_at_its_place():
    text = open(PROTOCOL, encoding="utf-8").read()
    path = Clinic().folder + "/broken.yaml"
    text = text.replace("amount: 0.5 mg/kg", "amount: 0.5 mL/kg").replace("duration: 40 min", "minuts: 40 min")
    open(path, "w", encoding="utf-8").write(text)
    done = bare("protocol", "check", path)
    assert done.returncode == 2
    places = re.findall(r"broken\.yaml:(\d+):(\d+): (.*)", done.stderr)
    assert len(places) >= 2 and any("volume" in p[2] for p in places) and any("minuts" in p[2] for p in places), done.stderr
    assert "did you mean" in done.stderr or "hint" in done.stderr


@case
def manual_page_and_completion_are_well_formed():
    man = bare("man").stdout
    assert man.startswith(".TH RACEMATE 1") and man.count(".SS") > 45
    done = subprocess.run(["bash", "-n"], input=bare("completion").stdout, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr


if __name__ == "__main__":
    main()
