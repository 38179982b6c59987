"""The report in a real browser: nothing leaves it, nothing fails in it, it can be read on a phone and at night."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scangait.capture.batch import Batch, Tally
from scangait.evidence.library import Library
from scangait.probes import Probes
from scangait.recipe import Recipe
from scangait.recognise.classify import report
from scangait.recognise.evaluate import evaluate, movement_recipes
from scangait.show.page import page
from scangait.telescope import Telescope

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
SCOPE = Telescope.of("198.51.100.0/24")
HOSTILE = "<script>alert(1)</script>"


def some_probes():
    """Simulated: a sweep and a random walk on two ports each."""
    rng = np.random.default_rng(1)
    parts = []
    for tool, port in (("sweep", 80), ("sweep", 443), ("random", 80), ("random", 443)):
        places = np.arange(800) % 256 if tool == "sweep" else rng.integers(0, 256, 800)
        gaps = rng.uniform(0.9, 1.1, 800) if tool == "sweep" else rng.exponential(1, 800)
        parts.append((tool, port, places, (np.cumsum(gaps) * 1e9).astype(np.int64)))
    count = 800 * len(parts)
    return Probes(
        np.concatenate([part[3] for part in parts]),
        np.repeat(np.arange(len(parts), dtype=np.uint32), 800),
        (np.concatenate([part[2] for part in parts]) + int(SCOPE.first[0])).astype(np.uint32),
        np.zeros(count, np.uint16),
        np.repeat(np.array([part[1] for part in parts], np.uint16), 800),
        np.full(count, 6, np.uint8),
        label=np.repeat([part[0] for part in parts], 800),
    )


def an_identification():
    probes = replace(some_probes(), label=None)
    return report(Batch(probes, Tally({"probes": len(probes)}, (HOSTILE,))), Library.bundled(), SCOPE, ("simulated",))


def an_evaluation():
    recipes = movement_recipes(Recipe(max_states=3))
    return evaluate(some_probes(), SCOPE, recipes, learn_share=0.5, test_share=0.3, simulated=True)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if not (CHROMIUM and DRIVER):
        pytest.skip("needs chromium and chromedriver: apt-get install chromium chromium-driver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for word in ("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-sync"):
        options.add_argument(f"--{word}")
    options.add_argument("--disable-background-networking")
    options.add_argument("--disable-component-update")
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('browser')}")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.mark.parametrize("make", [an_identification, an_evaluation])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_stands_alone_and_can_be_read(browser, tmp_path, make, scheme):
    path = tmp_path / "page.html"
    path.write_text(page(make()))
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    for width in (1280, 400):
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.get_log("performance")
        browser.get(path.as_uri())
        wide = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], "the page must not scroll sideways"
        requested = [
            message["params"]["request"]["url"]
            for entry in browser.get_log("performance")
            if (message := json.loads(entry["message"])["message"])["method"] == "Network.requestWillBeSent"
        ]
        assert all(url.startswith(("file:", "data:")) for url in requested)
        assert not browser.get_log("browser")
        ink, paper = browser.execute_script(
            "const s = getComputedStyle(document.body);"
            "return [s.color, s.backgroundColor].map(c => c.match(/[0-9.]+/g).slice(0, 3).map(Number))"
        )
        assert contrast(ink, paper) > 7
        assert browser.execute_script("return document.querySelectorAll('svg').length") >= 3


def contrast(first, second):
    """WCAG 2.1 contrast ratio."""

    def luminance(colour):
        parts = [c / 255 / 12.92 if c / 255 <= 0.03928 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    light, dark = sorted([luminance(first), luminance(second)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_simulated_data_are_called_so_before_anything_else():
    text = page(an_evaluation())
    body = text[text.index("<body>") :]
    assert body.index("Simulated data") < body.index("<main>")


def test_what_a_capture_contains_is_escaped():
    assert HOSTILE not in page(an_identification())
    assert "&lt;script&gt;" in page(an_identification())


DOCUMENT = None


@given(st.text(max_size=30))
def test_any_words_are_escaped(words):
    global DOCUMENT  # noqa: PLW0603  made once: identification takes a second
    DOCUMENT = DOCUMENT or an_identification()
    import msgspec

    text = page(msgspec.structs.replace(DOCUMENT, warnings=(f"<{words}>",)))
    assert f"<{words}>" not in text[text.index("Warning:") : text.index("Warning:") + 200] or not words.strip()
