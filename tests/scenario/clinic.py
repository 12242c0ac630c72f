"""Drives the racemate command line in a demonstration clinic whose clock the test sets."""
import json
import os
import subprocess
import tempfile

ROOT = os.environ.get("RACEMATE_SOURCE") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PROGRAM = os.environ.get("RACEMATE_PROGRAM") or os.path.join(ROOT, "build", "racemate")
PROTOCOL = os.path.join(ROOT, "protocols", "depression-iv-standard.yaml")
VALUES = os.path.join(ROOT, "protocols", "demo-site.yaml")

PINS = {"dora": "4711", "pete": "1234", "rk": "2222", "lm": "3333"}

YES = ["consent"]
NO = """psychosis psychotic_features psychosis_relative current_mania mania_history bipolar neurocognitive
imminent_suicide_risk aneurysm intracerebral_haemorrhage raised_intracranial_pressure raised_eye_pressure
unstable_heart_disease ketamine_allergy pregnant_or_breastfeeding pregnancy_possible ketamine_misuse severe_liver_disease
liver_disease hyperthyroid sleep_apnoea_or_difficult_airway seizures lamotrigine maoi stimulant theophylline
cyp3a4_inhibitor""".split()
ANSWERS = {"age": "37", "diagnosis": "MDD", "failed_trials": "3", "weeks_since_cardiac_event": "9999",
           "screening_sbp": "128 mmHg", "screening_dbp": "78 mmHg", "substance_use_disorder": "none",
           "months_since_substance_use": "1200", "benzodiazepine_mg_per_day": "0 mg"}


class Clinic:
    def __init__(self, demo=True, name="Test"):
        self.folder = tempfile.mkdtemp(prefix="racemate-test-")
        self.path = os.path.join(self.folder, "clinic.racemate")
        self.clock = "2026-03-02T08:00:00Z"
        self.demo = demo
        self("init", "--name", name, "--zone", "0", *(["--demo"] if demo else []))
        self("staff", "add", "dora", "--name", "Dora Direct", "--role", "director", "--new-pin", PINS["dora"])
        for staff, role in (("pete", "prescriber"), ("rk", "nurse"), ("lm", "nurse")):
            self("staff", "add", staff, "--name", staff, "--role", role, "--new-pin", PINS[staff], who="dora")

    def run(self, *words, who=None, pin=True, stdin=None):
        env = {k: v for k, v in os.environ.items() if not k.startswith("RACEMATE_")}
        env.update(RACEMATE_CLINIC=self.path)
        if self.demo:
            env["RACEMATE_CLOCK"] = self.clock
        if who:
            env["RACEMATE_STAFF"] = who
            if pin:
                env["RACEMATE_PIN"] = PINS.get(who, "")
        return subprocess.run([PROGRAM, *words], env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)

    def __call__(self, *words, who=None, code=0, pin=True):
        done = self.run(*words, who=who, pin=pin)
        assert done.returncode == code, f"{words}: exit {done.returncode}, expected {code}\n{done.stdout}{done.stderr}"
        return done.stdout if code == 0 else done.stderr

    def json(self, *words, who=None, code=0):
        return json.loads(self(*words, "--json", who=who, code=code))

    def at(self, clock, day="2026-03-02"):
        self.clock = f"{day}T{clock}:00Z"
        return self

    def adopt(self):
        return self("protocol", "adopt", PROTOCOL, VALUES, who="dora")

    def candidate(self, name="Ada Byron"):
        patient = self.json("patient", "add", name, "--born", "1988-04-30", "--allergies", "latex", who="rk")["id"]
        for fact, answer in ANSWERS.items():
            self("fact", patient, fact, answer, who="rk")
        for fact in YES:
            self("fact", patient, fact, "yes", who="rk")
        for fact in NO:
            self("fact", patient, fact, "no", who="rk")
        return patient

    def ready(self, patient, chair="1", weight="71.4 kg"):
        """Everything up to the signed start gate; the session's id."""
        self("screen", patient, "--sign", "accept", who="pete")
        session = self.json("session", "open", patient, "--chair", chair, who="rk")["session"]
        self("session", "check-in", session, who="rk")
        self("session", "weigh", session, weight, who="rk")
        self("session", "plan", session, who="rk")
        self("session", "sign-plan", session, who="pete")
        self("session", "vial", session, "KET-50-10", who="rk")
        self("read", session, "128/78", "72", "98", "14", "moaas=5", who="rk")
        for item in ("identity", "limits", "consent", "ride", "alarms"):
            self("session", "tick", session, item, who="rk")
        self("session", "tick", session, "fasting", "--hours", "9", who="rk")
        self("session", "tick", session, "second-check", "--second", "lm", "--second-pin", PINS["lm"], who="rk")
        self("session", "ready", session, who="rk")
        return session
