#!/usr/bin/env python3
"""The dose between sessions in a clinic: two infusions that did little, a proposal on the course and on the card, an order that
takes it, and a hold after which it is not raised."""
import os

import clinic as clinic_module
from clinic import ROOT, Clinic
from tap import case, main

clinic_module.PROTOCOL = os.path.join(ROOT, "protocols", "depression-iv-step-up.yaml")
clinic = Clinic()
state = {}


def infuse(day, dose=None, held=False):
    """One infusion from check-in to the door, in the morning of `day`."""
    patient = state["patient"]
    clinic.at("09:00", day)
    session = clinic.json("session", "open", patient, "--chair", "1", who="rk")["session"]
    clinic("session", "check-in", session, who="rk")
    clinic("session", "weigh", session, "71.4 kg", who="rk")
    state["card"] = clinic("session", "plan", session, *(["--dose", dose] if dose else []), who="rk")
    clinic("session", "sign-plan", session, who="pete")
    clinic("session", "vial", session, "KET-100-5", who="rk")
    clinic("read", session, "128/78", "72", "98", "14", "moaas=5", who="rk")
    for item in ("identity", "limits", "consent", "ride", "alarms"):
        clinic("session", "tick", session, item, who="rk")
    clinic("session", "tick", session, "fasting", "--hours", "9", who="rk")
    clinic("session", "tick", session, "second-check", "--second", "lm", "--second-pin", "3333", who="rk")
    clinic("session", "ready", session, who="rk")
    clinic.at("09:10", day)("session", "start", session, who="rk")
    if held:
        clinic.at("09:20", day)("session", "pause", session, "--reason", "pressure", who="rk")
        clinic.at("09:25", day)("session", "resume", session, "75 mL/h", "--reason", "settled", who="rk")
    clinic.at("09:55" if held else "09:50", day)("session", "stop", session, "--reason", "syringe empty", who="rk")
    clinic.at("11:30", day)("session", "leave", session, "--reason", "test", who="rk")


@case
def a_first_infusion_has_nothing_to_propose():
    clinic.at("08:00").adopt()
    state["patient"] = clinic.candidate()
    clinic("screen", state["patient"], "--sign", "accept", who="pete")
    clinic("score", state["patient"], "PHQ-9", "--total", "20", who="rk")
    assert "dose_proposal" not in clinic.json("course", state["patient"])
    infuse("2026-03-02")
    assert "0.5 mg/kg" in state["card"]


@case
def too_little_after_two_is_a_proposal_that_nobody_applies():
    infuse("2026-03-04")
    clinic.at("08:00", "2026-03-06")
    doubt = clinic.json("course", state["patient"])["dose_proposal"]
    assert doubt["move"] == "stay" and doubt["missing"] == ["course.improvement"], doubt
    clinic("score", state["patient"], "PHQ-9", "--total", "18", who="rk")
    dose = clinic.json("course", state["patient"])["dose_proposal"]
    assert (dose["mg_per_kg"], dose["last_mg_per_kg"], dose["move"], dose["rule"]) == (0.75, 0.5, "up", "little-response")
    assert "crtce-649" in dose["sources"]
    text = clinic("course", state["patient"])
    assert "Dose: 0.75 mg/kg, up from 0.5 is proposed (little-response: " in text and "a prescriber orders it" in text, text
    card = clinic("plan", state["patient"], "71.4 kg")
    assert "Ordered             0.5 mg/kg" in card and "propose 0.75 mg/kg, ordered are 0.5 mg/kg" in card, card


@case
def a_hold_at_the_higher_dose_keeps_it_there():
    infuse("2026-03-06", dose="0.75 mg/kg", held=True)
    assert "Ordered             0.75 mg/kg" in state["card"] and "as the protocol's dose steps propose" in state["card"]
    clinic.at("08:00", "2026-03-09")
    dose = clinic.json("course", state["patient"])["dose_proposal"]
    assert (dose["mg_per_kg"], dose["move"], dose["rule"]) == (0.75, "stay", "held"), dose


@case
def virtual_courses_are_the_same_for_any_threads_and_paired():
    protocols = [os.path.join(ROOT, "protocols", f"depression-iv-{p}.yaml") for p in ("slow-100min", "step-up")]
    told = ["protocol", "simulate", *protocols, "--n", "70", "--sessions", "course", "--seed", "4"]
    out, plot = clinic.folder + "/rows.csv", clinic.folder + "/course.svg"
    view = clinic.json(*told, "--out", out, "--plot", plot)
    rows, again = open(out).read(), clinic.folder + "/again.csv"
    assert view == clinic.json(*told, "--out", again, "--threads", "3") and rows == open(again).read()
    assert view["benefit_of_dose"] == "cannot say" and view["sessions"] == "course"
    slow, steps = view["arms"]
    assert (slow["infusions_most"], slow["every_days"], steps["infusions_most"], steps["dose_steps"]) == (3, 4, 4, True)
    key = lambda figures, name: next(f for f in figures if f["key"] == name)
    assert len(steps["by_infusion"]) == 4 and len(view["difference_by_infusion"]) == 3
    up = key(steps["by_infusion"][2]["figures"], "stepped_up")["value"]
    assert 5 < up < 60 and key(slow["by_infusion"][2]["figures"], "stepped_up")["value"] == 0
    # No dose moves a score: whoever was asked after the third infusion under both answered alike.
    assert key(view["difference_by_infusion"][2]["figures"], "improvement")["value"] == 0
    assert key(view["difference_by_infusion"][2]["figures"], "dose_mg_per_kg")["value"] > 0
    lines = rows.splitlines()
    header = lines[0].split(",")
    assert {"patient", "visit", "infusion", "dose_mg_per_kg", "move", "score", "score_after", "response"} <= set(header)
    given = sum(1 for line in lines[1:] if line.split(",")[header.index("infusion")] != "0")
    counted = sum(f["patients"] * f["value"] for arm in view["arms"] for f in [key(arm["figures"], "infusions")])
    assert abs(given - counted) < 1e-6, (given, counted)
    picture = open(plot).read()
    assert picture.startswith("<svg") and "Response and remission" in picture


@case
def one_session_is_the_default_and_a_course_is_asked_for():
    one = [os.path.join(ROOT, "protocols", "depression-iv-standard.yaml"), "--n", "10"]
    assert clinic("protocol", "simulate", *one) == clinic("protocol", "simulate", *one, "--sessions", "1")
    text = clinic("protocol", "simulate", *one, "--sessions", "2", "--every", "3 days")
    assert "2 infusions, every 3 days" in text and "CANNOT SAY" in text
    assert "give --sessions course" in clinic("protocol", "simulate", *one, "--every", "3 days", code=2)
    assert "allows 2 to 7" in clinic("protocol", "simulate", *one, "--sessions", "course", "--every", "1 day", code=2)
    assert "looks at one session" in clinic("protocol", "simulate", *one, "--sessions", "course", "--vary", "10", code=2)
    assert clinic.run("protocol", "simulate", *one, "--sessions", "some").returncode == 2


main()
