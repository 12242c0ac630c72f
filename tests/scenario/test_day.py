#!/usr/bin/env python3
"""A scripted day through the commands: screened, planned, started, held for blood pressure, resumed, late entry, discharged,
scored; the record asserted to the digit."""
import re

from clinic import Clinic, PROTOCOL, VALUES
from tap import case, main

clinic = Clinic()
state = {}


@case
def a_draft_is_no_protocol_for_patients():
    clinic.at("08:00")
    assert "14 places are open" in clinic("protocol", "check", PROTOCOL)
    patient = clinic.json("patient", "add", "Ada Byron", "--born", "1988-04-30", who="rk")["id"]
    assert "no adopted protocol" in clinic("screen", patient, code=4)
    assert "needs a director" in clinic("protocol", "adopt", PROTOCOL, VALUES, who="rk", code=12)
    state["hash"] = clinic.json("protocol", "adopt", PROTOCOL, VALUES, who="dora")["hash"]
    assert len(state["hash"]) == 64
    assert "adopted already" in clinic("protocol", "adopt", PROTOCOL, VALUES, who="dora", code=5)


@case
def demo_values_are_refused_in_a_real_clinic():
    real = Clinic(demo=False)
    assert "DEMO" in real("protocol", "adopt", PROTOCOL, VALUES, who="dora", code=3)


@case
def unknown_facts_never_pass():
    view = clinic.json("screen", "P0001")
    assert view["decision"] == "cannot say yet"
    assert view["ask"][0] in ("age", "diagnosis")
    clinic("fact", "P0001", "failed_trials", "1", who="rk")
    blocked = clinic.json("screen", "P0001")
    assert blocked["decision"] == "not eligible"
    rule = next(r for r in blocked["rules"] if r["id"] == "two-failed-trials")
    assert rule["verdict"] == "blocks" and rule["clears"] and rule["sources"]
    assert "not plausible" in clinic("fact", "P0001", "failed_trials", "400", who="rk", code=2)
    assert "did you mean failed_trials" in clinic("fact", "P0001", "failed_trails", "3", who="rk", code=4)


@case
def a_candidate_is_eligible_and_accepted():
    patient = clinic.candidate("Grace Hopper")
    state["patient"] = patient
    assert clinic.json("screen", patient)["decision"] == "eligible"
    assert "nobody has accepted" in clinic("session", "open", patient, who="rk", code=3)
    clinic("score", patient, "PHQ-9", "2,3,2,3,1,2,2,1,1", who="rk")


@case
def the_card_recomputes_to_the_delivered_dose():
    card = clinic("plan", state["patient"], "71.4 kg")
    number = lambda pattern: float(re.search(pattern, card).group(1))
    rate, minutes = number(r"SET THE PUMP TO\s+([\d.]+) mL/h"), number(r"mL in ([\d.]+) min")
    draw, strength, volume = number(r"Draw\s+([\d.]+) mL"), number(r": ([\d.]+) mg/mL"), number(r"to ([\d.]+) mL\n")
    delivered = rate * minutes / 60 * draw * strength / volume
    assert abs(delivered - number(r"Draw\s+[\d.]+ mL = ([\d.]+) mg")) < 0.005, card
    assert abs(number(r"which is\s+([\d.]+) mg/h") - rate * draw * strength / volume) < 0.005
    assert "has no unit" in clinic("plan", state["patient"], "71.4", code=2)
    assert "outside" in clinic("plan", state["patient"], "20 kg", code=3)
    assert "outside" in clinic("plan", state["patient"], "71.4 kg", "--dose", "5 mg/kg", code=3)
    assert "factor of 2" in clinic("plan", state["patient"], "71.4 kg", "--vial", "KET-100-5", code=3)


@case
def the_gate_says_what_is_missing_and_then_opens():
    clinic.at("09:30")
    session = clinic.ready(state["patient"])
    state["session"] = session
    assert "already has the open session" in clinic("session", "open", state["patient"], who="rk", code=5)
    assert "is P0002's, not P0001" in clinic("note", session, "wrong tab", "--patient", "P0001", who="rk", code=5)


@case
def the_infusion_is_held_for_pressure_and_resumed():
    session = state["session"]
    clinic.at("10:00")("session", "start", session, who="rk")
    clinic.at("10:10")("read", session, "141/86", "80", "98", "14", "moaas=5", who="rk")
    said = clinic.at("10:20")("read", session, "168/94", "86", "97", "15", who="rk")
    assert "** Systolic at or above the hold limit" in said
    clinic("session", "pause", session, "--reason", "pressure", who="rk")
    clinic("acknowledge", session, "systolic-hold", who="rk")
    clinic.at("10:25")("read", session, "150/88", "82", "97", "15", "moaas=5", who="rk")
    clinic("session", "resume", session, "60 mL/h", "--reason", "pressure settled", who="rk")


@case
def a_late_entry_lands_where_it_belongs_and_changes_no_announcement():
    session = state["session"]
    before = [e for e in clinic.json("session", "show", session)["events"] if e["kind"] == "alarm.announced"]
    clinic.at("10:30")("read", session, "171/95", "88", "97", "15", "--at", "10:22", who="rk")
    view = clinic.json("session", "show", session)
    after = [e for e in view["events"] if e["kind"] == "alarm.announced"]
    assert [e["line"] for e in before] == [e["line"] for e in after if e["seq"] <= before[0]["seq"]][: len(before)]
    points = view["series"]["sbp"]
    assert [p[1] for p in points] == [128, 141, 168, 171, 150]
    assert points[3][3] is True and points[2][3] is False
    assert "in the future" in clinic("read", session, "128/78", "--at", "10:45", who="rk", code=2)


@case
def a_typing_slip_is_corrected_and_the_old_entry_stays():
    session = state["session"]
    seq = clinic.json("read", session, "118/68", "82", "97", "15", who="rk")["seq"]
    clinic("correct", session, str(seq), "--values", "148/86 82 97 15", "--reason", "typo", who="rk")
    view = clinic.json("session", "show", session)
    assert view["series"]["sbp"][-1][1] == 148
    old = next(e for e in view["events"] if e["seq"] == seq)
    assert old["corrected"] and "118" in old["line"]


@case
def what_was_given_is_exact():
    session = state["session"]
    clinic.at("10:48")("session", "stop", session, who="rk")
    text = clinic("session", "show", session)
    # 75 mL/h for 20 min and 60 mL/h for 23 min of 0.71 mg/mL: 48 mL, 34.08 mg
    assert "Given     34.080 mg in 48.000 mL" in text, text
    assert clinic.json("session", "show", session)["given"]["mg_text"] == "34.1 mg"


@case
def discharge_waits_for_its_list():
    session = state["session"]
    clinic("event", session, "nausea", "moderate", who="rk")
    assert "Least observation" in clinic("session", "discharge", session, who="rk", code=3)
    clinic.at("11:48")("event", session, "nausea", "gone", who="rk")
    clinic("read", session, "130/79", "74", "98", "14", "moaas=5", who="rk")
    assert "Oriented" in clinic("session", "discharge", session, who="rk", code=3)
    for item in ("oriented", "gait", "safety", "escort", "instructions", "no-driving"):
        clinic("session", "tick", session, item, who="rk")
    said = clinic("session", "discharge", session, who="rk")
    assert "no driving until 2026-03-03T10:48:00Z" in said
    assert "discharged" in clinic("session", "pause", session, "--reason", "x", who="rk")
    clinic("session", "sign", session, who="rk")


@case
def the_course_counts_the_change():
    clinic.at("09:00", day="2026-03-03")("score", state["patient"], "PHQ-9", "1,1,1,1,1,1,1,1,0", who="rk")
    view = clinic.json("course", state["patient"])
    last = view["points"][-1]
    assert (last["total"], last["change"], last["response"]) == (8, -9, True)
    assert abs(last["change_percent"] + 100 * 9 / 17) < 1e-9
    assert view["next"] == "next infusion" and view["next_from"] == "2026-03-04"
    assert view["sessions"][0]["given_mg"] == 34.08


@case
def the_record_replays_verifies_and_travels():
    assert "all reproduced" in clinic("session", "replay", state["session"])
    head = clinic.json("verify")
    assert head["finding"] == "intact"
    backup, export = clinic.folder + "/b.racemate", clinic.folder + "/e.jsonl"
    clinic("backup", backup)
    clinic("export", export)
    import os
    import sqlite3
    first = clinic.path
    clinic.path = clinic.folder + "/again.racemate"
    clinic("import", export)
    assert clinic.json("verify")["head"] == head["head"]
    assert clinic("session", "show", state["session"]).split("Events")[1] == _events(first)
    clinic.path = clinic.folder + "/restored.racemate"
    clinic("restore", backup)
    assert clinic.json("verify")["head"] == head["head"]
    clinic.path = first
    clinic("note", state["session"], "one more", who="rk")
    assert clinic.json("verify", "--head", head["head"], "--entry", str(head["entries"]))["finding"] == "intact"
    db = sqlite3.connect(backup)
    names = [r[0] for r in db.execute("select name from sqlite_master where type='trigger'")]
    for name in names:
        db.execute(f'drop trigger "{name}"')
    table = next(r[0] for r in db.execute("select name from sqlite_master where type='table' and sql like '%previous%'"))
    db.execute(f"update {table} set body = replace(body, '171', '131') where body like '%171%'")
    db.commit()
    db.close()
    clinic.path = backup
    assert clinic.run("verify").returncode == 9
    clinic.path = first


def _events(path):
    now = clinic.path
    clinic.path = path
    text = clinic("session", "show", state["session"]).split("Events")[1]
    clinic.path = now
    return text


if __name__ == "__main__":
    main()
