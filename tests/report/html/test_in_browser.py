"""The page in a real Chromium, where there is one."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gan_doctor.core import Diagnosis
from gan_doctor.report.html import html_report

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def file(sick: Diagnosis, tmp_path: Path) -> str:
    (tmp_path / "page.html").write_text(html_report(sick), encoding="utf-8")
    return (tmp_path / "page.html").as_uri()


def opened(browser: Any, file: str, **options: Any) -> tuple[Any, list[str]]:
    """The page, and what it complained of or asked for."""
    page = browser.new_page(**options)
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda request: heard.append(request.url))
    page.goto(file)
    return page, [one for one in heard if one != file and not one.startswith("data:")]


def test_opens_without_an_error_or_a_request(browser: Any, file: str) -> None:
    page, heard = opened(browser, file)
    assert heard == []
    assert page.locator("h1").inner_text().startswith("CRITICAL 2 problems")
    page.close()


def test_the_slider_shows_the_samples_of_each_step(browser: Any, file: str) -> None:
    page, _ = opened(browser, file)
    shown = page.locator(".frames figcaption:visible")
    assert shown.all_inner_texts() == ["Fakes, step 1,200"]
    page.locator("input[type=range]").press("Home")
    assert shown.all_inner_texts() == ["Fakes, step 100"]
    page.locator("input[type=range]").press("ArrowRight")
    assert page.locator(".slider output").inner_text() == "step 200"
    page.close()


def test_folds_open_by_keyboard(browser: Any, file: str) -> None:
    page, _ = opened(browser, file)
    fold = page.locator("#measures details")
    assert not fold.locator("figure").first.is_visible()
    fold.locator("summary").press("Enter")
    assert fold.locator("figure").first.is_visible()
    page.close()


def test_the_pointer_reads_a_curve_and_a_button_copies(browser: Any, file: str) -> None:
    page, heard = opened(browser, file)
    page.locator("#curves .area").first.hover()
    assert "as reported: " in page.locator("#curves .read").first.inner_text()
    button = page.locator("button.copy").first
    button.click()
    # Where there is no clipboard, the text is marked instead.
    sync_api.expect(button).to_have_text(re.compile("Copied|Marked"))
    assert heard == []
    page.close()


def test_without_script_everything_can_be_read(browser: Any, file: str) -> None:
    page, _ = opened(browser, file, java_script_enabled=False)
    assert page.locator(".frames figure:visible").count() == 12
    assert page.locator("button:visible, input:visible").count() == 0
    page.close()


def test_on_paper_every_fold_and_step_is_there(browser: Any, file: str) -> None:
    page, _ = opened(browser, file)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("details:not([open])").count() == 0
    assert page.locator(".frames figure:visible").count() == 12
    page.close()


@pytest.mark.parametrize("width", [400, 1100])
def test_fits_the_window(browser: Any, file: str, width: int) -> None:
    page, _ = opened(browser, file, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, file: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page, _ = opened(browser, file, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    results = axe.Axe().run(page)
    found = [(v["id"], v["impact"], v["nodes"][0]["html"]) for v in results.response["violations"]]
    assert found == []
    page.close()
