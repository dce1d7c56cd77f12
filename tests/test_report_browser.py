"""The report in a real browser: Debian's Chromium, headless, driven by Selenium. Without them all is skipped."""

from __future__ import annotations

import base64
import importlib.util
import json
import shutil
from pathlib import Path

import enforcesim as es
import pytest
import synthetic
from enforcesim import plot

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no Chromium (Debian's chromium and chromium-driver)"),
]
selenium = pytest.importorskip("selenium", reason="no Selenium")

from selenium import webdriver  # noqa: E402
from selenium.common.exceptions import WebDriverException  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select  # noqa: E402

#: What sticks out of the page, for the message.
TOO_WIDE = """return [...document.querySelectorAll("main *")].filter((e) => !e.closest(".scroll, .plate") &&
    e.getBoundingClientRect().right > innerWidth + 1).slice(0, 3)"""
#: Widths of a phone (with 320 the one that WCAG asks for), a tablet and a screen.
WIDTHS = (320, 360, 800, 1280)


def started(options):
    """It has a minute to start in, and another process may take its port before it does: neither is for us to judge."""
    for _ in range(3):
        try:
            return webdriver.Chrome(options=options, service=Service(DRIVER))
        except WebDriverException as e:
            failed = e
    raise failed


@pytest.fixture(scope="module")
def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    # Without a sandbox of its own, for the tests may run as root in a container.
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=en"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = started(options)
    driver.set_page_load_timeout(300)
    driver.set_script_timeout(300)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Reports with the headline figure alone, for figures take most of a report's time."""
    folder, drawn = tmp_path_factory.mktemp("pages"), plot.figures
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plot, "figures", lambda ds, base: {"tradeoff": plot.tradeoff(ds, base)})
        made = {}
        odd = '</script><img src=x onerror="window.harmed=1">\u2028'
        labels = dict.fromkeys(synthetic.METRICS, odd)
        forms = {
            "plain": {"replicates": 12, "effects": synthetic.STRONG},
            "hostile": {
                "replicates": 2,
                "horizon": 360,
                "scenarios": ("status_quo", odd[:60]),
                "labels": labels,
                "title": odd,
            },
            "many": {
                "replicates": 2,
                "scenarios": ("status_quo", *(f"a_policy_with_a_long_name_{i}" for i in range(11))),
            },
            "single": {"replicates": 1, "scenarios": ("sweeps",), "horizon": 60},
        }
        for name, form in forms.items():
            with es.open(synthetic.write(folder / f"{name}.h5", **form)) as ds:
                made[name] = es.report(ds, folder / f"{name}.html")
    assert plot.figures is drawn
    return made


def show(browser, page, width=1280, dark=False, **features):
    browser.get("about:blank")
    for log in ("browser", "performance"):
        browser.get_log(log)  # reading empties it
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    wanted = {"prefers-color-scheme": "dark" if dark else "light", **features}
    media = [{"name": name, "value": value} for name, value in wanted.items()]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
    browser.get(Path(page).as_uri())


def quiet(browser):
    """Nothing on the console, and nothing asked of anybody."""
    assert browser.get_log("browser") == []
    asked = set()
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked.add(message["params"]["request"]["url"].partition(":")[0])
    assert asked <= {"file", "data", "about"}, asked


def text_of(browser, name):
    return browser.find_element(By.ID, name).text


@pytest.mark.parametrize("name", ["plain", "hostile", "many", "single"])
def test_no_errors_no_requests_no_sideways_scrolling(browser, pages, name):
    for width in WIDTHS:
        show(browser, pages[name], width)
        wide = [e.get_attribute("outerHTML")[:150] for e in browser.execute_script(TOO_WIDE)]
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width, wide
        assert browser.find_element(By.ID, "explorer").is_displayed()
        quiet(browser)


def test_an_outcome_is_chosen(browser, pages):
    show(browser, pages["plain"])
    choice = Select(browser.find_element(By.ID, "metric"))
    data = json.loads(browser.find_element(By.ID, "data").get_attribute("textContent"))
    assert len(choice.options) == len(data["metrics"]) == len(synthetic.METRICS)
    seen = set()
    for i in range(0, len(choice.options), 7):
        choice.select_by_index(i)
        metric = data["metrics"][i]
        assert metric["name"] in text_of(browser, "meaning") and metric["unit"] in text_of(browser, "meaning")
        assert metric["rows"][2][0] in text_of(browser, "totals")
        seen.add(browser.execute_script("return document.querySelector('#chart svg').outerHTML"))
    assert len(seen) == len(range(0, len(choice.options), 7))
    quiet(browser)


def test_scenarios_are_chosen(browser, pages):
    show(browser, pages["plain"])
    lines = "return document.querySelectorAll('#chart .line').length"
    assert browser.execute_script(lines) == 4
    browser.find_element(By.ID, "scenario-1").send_keys(Keys.SPACE)
    assert browser.execute_script(lines) == 3
    assert "sweeps" not in text_of(browser, "values") and "sweeps" in text_of(browser, "totals")
    for i in (0, 2, 3):
        browser.find_element(By.ID, f"scenario-{i}").send_keys(Keys.SPACE)
    assert browser.execute_script(lines) == 0
    quiet(browser)


def test_values_by_keyboard_and_pointer(browser, pages):
    show(browser, pages["plain"])
    slider = browser.find_element(By.ID, "moment")
    last = text_of(browser, "values")
    assert text_of(browser, "when") == "year 3.00 (day 1095)"
    slider.send_keys(Keys.HOME)
    assert text_of(browser, "when") == "year −0.99 (day −360)" and text_of(browser, "values") != last
    slider.send_keys(Keys.ARROW_RIGHT)
    assert text_of(browser, "when").endswith("(day −330)")
    assert slider.get_attribute("aria-valuetext") == text_of(browser, "when")
    chart = browser.find_element(By.CSS_SELECTOR, "#chart svg")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", chart)
    webdriver.ActionChains(browser, duration=10).move_to_element_with_offset(chart, 200, 0).perform()
    assert 500 < int(text_of(browser, "when").partition("(day ")[2][:-1]) < 900
    quiet(browser)


def test_the_chart_shows_the_files_medians(browser, pages):
    show(browser, pages["plain"])
    with es.open(pages["plain"].with_suffix(".h5")) as ds:
        wanted = ds["minor_prevalence"].isel(time=-1).median("replicate").values
    cells = browser.find_elements(By.CSS_SELECTOR, "#values td:nth-child(2)")
    assert [float(c.text) for c in cells] == pytest.approx(list(wanted), abs=5.1e-5)


def test_claims_are_filtered(browser, pages):
    show(browser, pages["plain"])
    seen = "[...document.querySelectorAll('.claim')].filter((claim) => claim.checkVisibility())"
    shown = f"return {seen}.map((claim) => claim.dataset.verdict)"
    whole = browser.execute_script(shown)
    Select(browser.find_element(By.ID, "verdict")).select_by_visible_text("supported")
    some = browser.execute_script(shown)
    assert set(some) == {"supported"} and len(some) == whole.count("supported")
    assert text_of(browser, "claim-count") == f"{len(some)} claims are shown"
    Select(browser.find_element(By.ID, "who")).select_by_visible_text("Its critics' claims")
    assert len(browser.execute_script(shown)) < len(some)
    quiet(browser)


def test_parameters_are_searched(browser, pages):
    show(browser, pages["plain"])
    word = browser.find_element(By.ID, "search")
    word.send_keys("HALVES fear")
    assert text_of(browser, "parameter-count") == "1 of 2 parameters are shown"
    word.clear()
    word.send_keys("nothing of that name")
    assert text_of(browser, "parameter-count") == "0 of 2 parameters are shown"
    quiet(browser)


def test_the_keyboard_reaches_everything(browser, pages):
    show(browser, pages["plain"], 360)
    body = browser.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.TAB)
    first = browser.switch_to.active_element
    assert first.text == "Skip to the content" and first.rect["x"] >= 0
    outline = browser.execute_script(
        "const s = getComputedStyle(arguments[0]); return s.outlineStyle + s.outlineWidth", first
    )
    assert outline == "solid3px"
    first.send_keys(Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("id") == "main"
    reached, scrolled = set(), 0
    for _ in range(400):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        at = browser.switch_to.active_element
        reached.add(at.get_attribute("id"))
        scrolled += at.get_attribute("role") == "region"
        if at.tag_name == "body":
            break
    assert {"metric", "scenario-0", "moment", "who", "verdict", "search", "changed"} <= reached
    assert scrolled >= 4


def test_without_javascript_it_is_a_document(browser, pages):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        show(browser, pages["plain"])
        assert not browser.find_element(By.ID, "explorer").is_displayed()
        assert "needs JavaScript" in browser.find_element(By.TAG_NAME, "noscript").text
        for name in ("claim-controls", "parameter-controls"):
            assert not browser.find_element(By.ID, name).is_displayed()
        assert len([c for c in browser.find_elements(By.CSS_SELECTOR, ".claim") if c.is_displayed()]) >= 40
        assert browser.find_element(By.CSS_SELECTOR, "#parameter-rows tr").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_it_prints(browser, pages):
    show(browser, pages["plain"])
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": False})["data"]
    assert base64.b64decode(printed).startswith(b"%PDF")
    browser.execute_script(
        "document.querySelector('details[data-print]').open = false; dispatchEvent(new Event('beforeprint'))"
    )
    assert browser.execute_script("return document.querySelectorAll('details[data-print]:not([open])').length") == 0
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not browser.find_element(By.TAG_NAME, "nav").is_displayed()
        assert (
            browser.execute_script("return getComputedStyle(document.querySelector('.plate')).overflowX") == "visible"
        )
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    quiet(browser)


def test_nothing_from_a_file_runs(browser, pages):
    show(browser, pages["hostile"])
    choice = Select(browser.find_element(By.ID, "metric"))
    for i in range(0, len(choice.options), 5):
        choice.select_by_index(i)
        assert "</script><img" in text_of(browser, "meaning")
    assert browser.execute_script("return window.harmed") is None
    assert browser.execute_script("return document.querySelectorAll('script').length") == 2
    assert all(i.get_attribute("src").startswith("data:") for i in browser.find_elements(By.TAG_NAME, "img"))
    quiet(browser)


def test_the_policy_stops_what_would_be_smuggled_in(browser, pages, tmp_path):
    """Were the escaping broken, the page's own policy would still hold."""
    inside = '<script>window.harmed = 1</script><img src="http://127.0.0.1:9/x.png" onerror="window.harmed = 1">'
    path = tmp_path / "spoiled.html"
    path.write_text(
        pages["plain"].read_text("utf-8").replace('<main id="main"', inside + '<main id="main"', 1), "utf-8"
    )
    show(browser, path)
    assert browser.execute_script("return window.harmed") is None
    said = " ".join(entry["message"] for entry in browser.get_log("browser"))
    assert said.count("Content Security Policy") >= 3


def test_motion_and_colours_follow_the_reader(browser, pages):
    smooth = "return getComputedStyle(document.documentElement).scrollBehavior"
    ground = "return getComputedStyle(document.body).backgroundColor"
    show(browser, pages["plain"], **{"prefers-reduced-motion": "reduce"})
    assert browser.execute_script(smooth) == "auto" and browser.execute_script(ground) == "rgb(255, 255, 255)"
    show(browser, pages["plain"], dark=True, **{"prefers-reduced-motion": "no-preference"})
    assert browser.execute_script(smooth) == "smooth" and browser.execute_script(ground) == "rgb(21, 24, 27)"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_no_fault(browser, pages, width, dark):
    found = importlib.util.find_spec("axe_core_python")
    if found is None:
        pytest.skip("no axe-core-python")
    show(browser, pages["plain"], width, dark)
    browser.execute_script(Path(found.origin).with_name("axe.min.js").read_text("utf-8"))
    rules = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']}"
    call = f"const done = arguments[0]; axe.run(document, {rules}).then((r) => done(r.violations), (e) => done([e]));"
    faults = browser.execute_async_script(call)
    assert [(f["id"], [n["html"][:120] for n in f["nodes"][:3]]) for f in faults] == []
