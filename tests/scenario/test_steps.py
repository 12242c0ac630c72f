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


main()
