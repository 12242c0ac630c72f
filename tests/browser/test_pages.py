#!/usr/bin/python3
"""The pages in a real browser, against the real server of a demonstration clinic: what a nurse sees and types.
With RACEMATE_SHOTS=folder it also writes screenshots, light, dark and narrow."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenario"))
from tap import case, main  # noqa: E402

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError:
    print("1..0 # SKIP python3-selenium is not installed")
    sys.exit(0)

PROGRAM = os.environ["RACEMATE_PROGRAM"]
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--window-size=1400,1000"]


class Server:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="racemate-pages-")
        self.process = subprocess.Popen([PROGRAM, "demo", "--folder", self.folder, "--http", "0", "--mllp", "-1"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = None
        for line in self.process.stdout:
            found = re.search(r"open at (http://\S+)", line)
            if found:
                self.url = found.group(1)
                break
        assert self.url, "the server did not start"

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)


server = Server()
profile = tempfile.mkdtemp(prefix="racemate-chromium-")
options = webdriver.ChromeOptions()
options.binary_location = "/usr/bin/chromium"
for flag in FLAGS + [f"--user-data-dir={profile}"]:
    options.add_argument(flag)
options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
browser = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
browser.implicitly_wait(0)


def wait(condition, seconds=15, what=""):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            value = condition()
            if value:
                return value
        except Exception:  # not there yet
            pass
        time.sleep(0.1)
    raise AssertionError(f"never came: {what or condition}\n{browser.find_element(By.TAG_NAME, 'body').text[:1500]}")


def find(css):
    return browser.find_element(By.CSS_SELECTOR, css)


def all_of(css):
    return browser.find_elements(By.CSS_SELECTOR, css)


def press(css, index=0):
    """Presses the button as it is now: the page may draw it again at any moment."""
    return wait(lambda: (all_of(css)[index].click(), True), what=css)


def shot(name):
    folder = os.environ.get("RACEMATE_SHOTS")
    if folder:
        browser.save_screenshot(os.path.join(folder, name + ".png"))


def keys(*typed):
    webdriver.ActionChains(browser).send_keys(*typed).perform()


def sign_in(staff="rk", pin="1234"):
    wait(lambda: find("dialog input[name=staff]")).send_keys(staff)
    find("dialog input[name=pin]").send_keys(pin)
    find("dialog button.primary").click()


@case
def the_board_shows_every_chair_with_the_age_of_each_number():
    browser.get(server.url)
    wait(lambda: len(all_of(".card")) == 4)
    assert "DEMO" in find("#demo").text
    assert "never the" in find("footer").text
    card = all_of(".card")[0].text
    assert "AB 1988" in card and re.search(r"\d+ s", card), card
    wait(lambda: "alarms armed" in find("#armed").text)
    shot("board-light")


@case
def a_digit_opens_a_chair_and_the_page_lives():
    keys("2")
    wait(lambda: "CD 1971" in find("#patient").text)
    assert "synthetic" in find("#label").text
    assert "ALLERGY" in find("#patient").text
    before = server.get("api/sessions/2")["series"]["hr"][-1][0]
    wait(lambda: server.get("api/sessions/2")["series"]["hr"][-1][0] > before, what="a reading over HL7")
    wait(lambda: find(".number.hr .value").text == server.get("api/sessions/2")["readings"]["hr"]["text"])
    shot("session-light")


@case
def a_write_asks_who_it_is_and_then_charts():
    keys("1")
    keys("42/84 82 97 15")
    line = wait(lambda: find("#line"))
    line.clear()
    line.send_keys("142/84 82 97 15", Keys.ENTER)
    sign_in(pin="9999")
    wait(lambda: "PIN" in find("dialog .said").text)
    find("dialog input[name=pin]").send_keys("1234", Keys.ENTER)
    wait(lambda: "SYS 142" in find("#said").text)
    wait(lambda: "rk (nurse)" in find("#who").text)
    wait(lambda: find(".number.sbp .value").text == "142/84")
    assert find("#undo").is_displayed()


@case
def an_entry_can_be_struck_out_at_once():
    keys("z")
    wait(lambda: "struck out" in find("#said").text)
    wait(lambda: find(".number.sbp .value").text != "142/84")
    assert any("SYS 142" in li.text for li in all_of("#events .corrected"))


@case
def bad_input_says_what_is_wrong_beside_the_line():
    find("#line").send_keys("78/142", Keys.ENTER)
    wait(lambda: "is not above" in find("#said.error").text)
    find("#line").clear()
    find("#line").send_keys(Keys.ESCAPE)


@case
def a_symptom_is_two_keys_and_an_alarm_is_acknowledged():
    find("body").click()
    keys("e")
    wait(lambda: find("dialog input")).send_keys("nausea moderate", Keys.ENTER)
    wait(lambda: any("nausea, moderate" in li.text for li in all_of("#events li")))
    find("#line").send_keys("172/99 84 97 15", Keys.ENTER)
    alarm = wait(lambda: find("#alarms .alarm.medium"))
    assert "** MEDIUM" in alarm.text.upper() and "hold" in alarm.text.lower()
    shot("session-alarm")
    press("#alarms .alarm.medium button")
    wait(lambda: "seen by rk" in find("#alarms").text)


@case
def the_start_checklist_is_ticked_by_hand_and_the_gate_refuses_what_is_open():
    browser.get(server.url + "session.html?id=3")
    wait(lambda: len(all_of(".checklist li")) >= 10)
    assert "no plan" not in find("#patient").text
    find("body").click()
    keys("g")
    wait(lambda: "checked by a second person" in find("#said.error").text)
    shot("session-start")


@case
def recovery_shows_what_is_missing_before_leaving():
    browser.get(server.url + "session.html?id=4")
    wait(lambda: any("Responsible adult" in li.text for li in all_of(".checklist li")))
    while count := len(all_of(".checklist li button")):
        press(".checklist li button")
        wait(lambda: len(all_of(".checklist li button")) < count)
    shot("session-recovery")


@case
def a_gap_breaks_the_line():
    browser.get(server.url + "session.html?id=1")
    path = wait(lambda: find(".series.spo2 .line").get_attribute("d"))
    assert path.count("M") >= 2, path[:200]
    assert "intensive-care recording, not ketamine" in find("#label").text


@case
def the_predicted_concentration_stands_under_the_trend_and_names_its_model():
    curve = server.get("api/sessions/2/curve")
    assert curve["sampling"].startswith("arterial") and len(curve["rows"]) == 241
    peak = max(row[1] for row in curve["rows"])
    assert 100 < peak < 400, peak  # 0.5 mg/kg in 40 min: 240 to 276 ng/mL from 50 to 120 kg (docs/models.md)
    browser.get(server.url + "session.html?id=2")
    drawn = wait(lambda: browser.execute_script(
        "const c = document.querySelector('.curve'); return c && [c.textContent, c.querySelector('.typical').getAttribute('d')]"))
    assert "not measured" in drawn[0] and "arterial" in drawn[0] and "doi" in drawn[0], drawn[0]
    assert drawn[1].startswith("M")
    assert "has not begun" in server.get("api/sessions/3/curve")["missing"]
    shot("session-curve")


@case
def eight_tabs_share_one_stream():
    first = browser.current_window_handle
    for _ in range(7):
        browser.switch_to.new_window("tab")
        browser.get(server.url + "session.html?id=2")
        wait(lambda: "CD 1971" in find("#patient").text)
    value = find(".number.hr .meta").text
    wait(lambda: find(".number.hr .meta").text != value, what="the eighth tab going on")
    for handle in browser.window_handles:
        if handle != first:
            browser.switch_to.window(handle)
            browser.close()
    browser.switch_to.window(first)


@case
def dark_and_narrow_are_readable():
    for theme, size in (("dark", (1400, 1000)), ("dim", (1400, 1000)), ("light", (420, 900))):
        browser.set_window_size(*size)
        browser.get(server.url + "session.html?id=2")
        browser.execute_script(f"localStorage.setItem('theme', '{theme}')")
        browser.refresh()
        wait(lambda: find(".number.hr .value"))
        if size[0] < 1000:
            width = browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
            assert width <= 0, f"{width} px too wide"
        shot(f"session-{theme}-{size[0]}")
    browser.set_window_size(1400, 1000)


@case
def no_page_breaks_its_content_policy_or_throws():
    bad = [entry["message"] for entry in browser.get_log("browser")
           if entry["level"] == "SEVERE" and "401" not in entry["message"] and "status of 4" not in entry["message"]]
    assert not bad, bad


@case
def silence_is_seen():
    server.process.kill()
    server.process.wait()
    wait(lambda: "NO DATA" in find("#stale").text, seconds=30)
    shot("session-silent")


if __name__ == "__main__":
    try:
        main()
    finally:
        browser.quit()
        server.stop()
        shutil.rmtree(profile, ignore_errors=True)
