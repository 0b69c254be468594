from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest

from gan_doctor.core import Diagnosis, Finding, Key, Outlook, Run, Samples, Series, Setup, Verdict
from gan_doctor.report.headline import headline
from gan_doctor.report.html import html_report

EVIL = '<script>alert("1")</script>\'" onload=x \x1b[31m \ud800'
VOID = {"meta", "input", "br", "img"}
MOST = 5_000_000  # bytes


class Page(HTMLParser):
    """The elements of a page, its text, and whether every element is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["script"], ["style"]):
            self.text += data

    def of(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        return [a for name, a in self.elements if name == tag and attributes.items() <= a.items()]


@pytest.fixture
def page(sick: Diagnosis) -> Page:
    return Page(html_report(sick))


def test_the_headline_comes_first_with_its_severity_in_words(page: Page, sick: Diagnosis) -> None:
    said = page.text.index(headline(sick))
    assert "Critical" in page.text[: said + 1]
    order = ["Outlook: change", "What is wrong", "What to do", "consequence of it", "When"]
    order += ["Progress", "Samples", "Curves", "Measures", "Not assessed", "Setup"]
    places = [page.text.index(words) for words in order]
    assert places == sorted(places)
    assert said < places[0]


def test_every_finding_says_its_sentence_its_numbers_and_its_times(
    page: Page, sick: Diagnosis
) -> None:
    for finding in sick.findings:
        assert finding.message in page.text
    assert "0.9999" in page.text
    assert "below 0.99" in page.text
    assert "Began at step 420, noticed at step 640, seen in 97% of the evaluations." in page.text
    assert "Not looked at: D's logits on held-out reals" in page.text


def test_the_curve_that_convicts_is_drawn_with_onset_and_alarm(page: Page) -> None:
    assert page.of("path", **{"class": "onset"})
    assert page.of("path", **{"class": "alarm"})
    assert "began at step 420" in page.text
    labels = [a["aria-label"] or "" for a in page.of("svg", role="img")]
    assert any(label.startswith("auroc, steps 1 to 1,200.") for label in labels)


def test_remedies_carry_the_values_of_this_run_and_what_to_paste(page: Page) -> None:
    assert "lr_d = 0.0002, lr_g = 0.0002" in page.text
    assert "If you do not already: Add an R1 penalty" in page.text
    assert "loss_d = loss_d + r1_penalty(D, real, 10)" in page.text
    assert "--trick r1-penalty --set r1-penalty.gamma=10" in page.text


def test_what_has_cleared_is_kept_apart_and_on_the_timeline(page: Page) -> None:
    assert page.text.index("What has passed") > page.text.index("What is wrong")
    assert "stalled-at-chance cleared" in page.text
    bars = [a["class"] for _, a in page.elements if str(a.get("class")).startswith("bar ")]
    assert bars == ["bar critical", "bar critical", "bar cleared"]


def test_links_lead_to_what_is_on_the_page(page: Page) -> None:
    places = [a["id"] for _, a in page.elements if "id" in a]
    assert len(places) == len(set(places))
    links = page.of("a")
    assert links
    assert {str(link["href"]) for link in links} <= {f"#{place}" for place in places}


def test_headings_never_skip_a_level(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_fakes_of_twelve_steps_stand_beside_the_reals(page: Page) -> None:
    alts = [a["alt"] for a in page.of("img")]
    assert alts == [f"Fakes at step {n:,}" for n in range(100, 1300, 100)] + ["Real samples"]
    assert page.of("input", type="range", max="11")


def test_nothing_is_asked_from_elsewhere_and_every_element_is_closed(page: Page) -> None:
    assert page.open == []
    for _, attributes in page.elements:
        for name in ("src", "href", "action"):
            assert str(attributes.get(name, "#")).startswith(("#", "data:image/png;base64,"))
    assert not page.of("link")
    policy = page.of("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"] or ""
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_a_healthy_run_says_so_and_invents_no_fault(healthy: Diagnosis) -> None:
    page = Page(html_report(healthy))
    assert "All clear No problem found; every signature assessed" in page.text
    for section in ("What is wrong", "What to do", "When", "Not assessed", "Notes"):
        assert section not in page.text


def test_where_nothing_was_assessed_nothing_is_called_clear() -> None:
    blind = Verdict("GD301", "mode-collapse", "not assessed")
    empty = Diagnosis(Run("empty"), (blind,), Outlook("watch", "Nothing is known."))
    page = Page(html_report(empty))
    assert "All clear" not in page.text
    assert "Not assessed Nothing could be assessed" in page.text
    looked = replace(empty, verdicts=(blind, Verdict("GD101", "non-finite", "clear")))
    assert "Partly assessed No problem found" in Page(html_report(looked)).text


def test_names_out_of_a_log_are_no_markup(sick: Diagnosis) -> None:
    finding = Finding("GD101", EVIL, "critical", EVIL, 3, 4, player=EVIL, cause=EVIL)
    evil = replace(
        sick,
        run=replace(
            sick.run,
            name=EVIL,
            notes=(EVIL, EVIL),
            series=(Series(Key("loss/d", EVIL), [1, 2], [1, 2]), *sick.run.series),
            samples=tuple(replace(s, player=EVIL) for s in sick.run.samples),
            setup=Setup(tricks=(EVIL,)),
        ),
        verdicts=(*sick.verdicts, Verdict("GD101", EVIL, "fired", (finding,))),
        outlook=Outlook("change", EVIL),
    )
    text = html_report(evil)
    page = Page(text)
    assert len(page.of("script")) == 1
    assert not any("onload" in attributes for _, attributes in page.elements)
    assert 'alert("1")' in page.text  # told, as text
    assert "\x1b" not in text
    text.encode()


def test_a_run_of_many_players_findings_and_large_noisy_samples_stays_below_5_mb() -> None:
    rng = np.random.default_rng(0)
    steps = np.arange(5_000.0)
    noise = rng.integers(0, 256, (64, 3, 70, 90), np.uint8)
    names = ["loss/d", "loss/g", "auroc", "gradient/d", "sample/recall", "sample/precision"]
    series = [
        Series(Key(n, f"{k}"), steps, rng.normal(size=5_000)) for n in names for k in range(60)
    ]
    samples = [
        Samples(step, "fake", "x", player, open=lambda path: noise)
        for player in ("0", "1", "2")
        for step in range(30)
    ]
    findings = [
        Finding("GD101", "non-finite", "critical", 400 * "word ", 3, 4, player=f"{k}")
        for k in range(300)
    ]
    run = Run("many", series=tuple(series), samples=tuple(samples), notes=("note",) * 10_000)
    verdict = Verdict("GD101", "non-finite", "fired", tuple(findings))
    text = html_report(Diagnosis(run, (verdict,), Outlook("stop", "It is over.")))
    assert 1_000_000 < len(text.encode()) < MOST
    assert "And 260 more" in text


def test_damaged_samples_are_counted_and_not_drawn(sick: Diagnosis) -> None:
    def gone(path: str) -> np.ndarray:
        raise FileNotFoundError(path)

    broken = tuple(replace(s, open=gone) if s.step < 300 else s for s in sick.run.samples)
    page = Page(html_report(replace(sick, run=replace(sick.run, samples=broken))))
    assert "2 batches could not be read." in page.text
    assert len(page.of("img")) == 10


def test_points_are_drawn_on_the_reals_and_those_far_away_counted() -> None:
    rng = np.random.default_rng(0)
    real = Samples(1, "real", "r", open=lambda path: rng.normal(size=(100, 2)))
    fake = Samples(2, "fake", "f", open=lambda path: np.vstack([np.zeros((3, 2)), [[99.0, 0]]]))
    run = Run("points", samples=(real, fake))
    page = Page(html_report(Diagnosis(run, (), Outlook("continue", "All is well."))))
    assert "Fakes, step 2, 25% outside" in page.text
    assert page.of("svg", **{"class": "scatter", "aria-label": "Fakes at step 2 on the reals"})
