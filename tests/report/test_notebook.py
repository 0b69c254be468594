from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

import gan_doctor
from gan_doctor.core import Diagnosis, Finding, Key, Missing, Outlook, Run, Series, Verdict
from gan_doctor.report import headline

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"' \x00\x1b[2J"


class Fragment(HTMLParser):
    """The tags of a fragment with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def shown(diagnosis: Diagnosis) -> Fragment:
    return Fragment(diagnosis._repr_html_())


def one(diagnosis: Diagnosis, *findings: Finding) -> Diagnosis:
    return replace(diagnosis, verdicts=(Verdict("GD201", "x", "fired", findings),))


@pytest.fixture
def doctor(tmp_path: Path) -> Iterator[gan_doctor.Monitor]:
    G, D = torch.nn.Linear(4, 2), torch.nn.Linear(2, 1)
    with gan_doctor.Monitor(
        tmp_path / EVIL[:8].replace("/", ""), generator=G, discriminator=D, attach="manual"
    ) as monitor:
        yield monitor


def test_it_says_what_the_terminal_says(sick: Diagnosis) -> None:
    text = shown(sick).text
    assert text.startswith(headline(sick))
    for finding in sick.findings:
        assert finding.message in text
    assert "0.9999 (should be below 0.99) auroc: mean over the window, steps 420 to 1,200" in text
    assert "Lower lr_d from 0.002 to 0.0002" in text
    assert "lr_d = 0.0002, lr_g = 0.0002" in text
    assert "Outlook: change: D has won" in text
    assert "Best step: 400 (raw G)" in text
    assert "1 finding cleared" in text
    assert "2 signatures not assessed" in text
    assert "mode-collapse (GD301): samples kept by class (no series): pass labels=" in text


def test_a_severity_is_a_word_and_not_only_a_colour(sick: Diagnosis) -> None:
    assert shown(sick).text.count("CRITICAL") == 2


def test_all_is_folded_but_the_worst(sick: Diagnosis) -> None:
    folds = shown(sick).all("details")
    assert [("open" in fold) for fold in folds] == [True, False, False, False]


def test_a_consequence_lies_within_its_cause(sick: Diagnosis) -> None:
    html = sick._repr_html_()
    assert html.index("noise-output") < html.index("</details></details>")


def test_what_two_problems_ask_for_is_said_once(sick: Diagnosis) -> None:
    first = sick.findings[0]
    text = shown(one(sick, first, replace(first, slug="mode-collapse"))).text
    assert text.count("Lower lr_d from 0.002") == 1
    assert "As above: learning-rates and r1-penalty." in text


def test_the_convicting_series_is_drawn_with_its_onset(sick: Diagnosis) -> None:
    fragment = shown(sick)
    words = [picture["aria-label"] for picture in fragment.all("svg")]
    assert words == [
        "auroc: 0 to 1, onset at step 420",
        "sample/neighbour_correlation: 0.1 to 0.75, onset at step 500",
    ]
    assert fragment.text.count("onset, step") == 2
    assert fragment.text.count("real data") >= 1


def test_a_gap_is_no_line_and_is_named(sick: Diagnosis) -> None:
    values = np.array([1.0, 2.0, np.nan, np.inf, 3.0])
    gappy = replace(sick.run, series=(Series(Key("auroc"), np.arange(5.0), values),), bands=())
    fragment = shown(replace(one(sick, sick.findings[0]), run=gappy))
    assert "gaps not finite" in fragment.text
    drawn = [str(path["d"]) for path in fragment.all("path")]
    assert drawn
    assert [d for d in drawn if "nan" in d or "inf" in d] == []


@pytest.mark.parametrize("values", [[7.0], [7.0, 7.0], [0.0], [-1.7e308, 1.7e308], [1e-300, 1.0]])
def test_any_values_can_be_drawn(sick: Diagnosis, values: list[float]) -> None:
    series = Series(Key("auroc"), np.arange(len(values)), np.array(values))
    odd = replace(sick.run, series=(series,), bands=())
    assert len(shown(replace(one(sick, sick.findings[0]), run=odd)).all("svg")) == 1


def test_nothing_of_a_hostile_log_is_markup(sick: Diagnosis) -> None:
    finding = replace(sick.findings[0], code=EVIL, slug=EVIL, message=EVIL, player=EVIL)
    evidence = replace(finding.evidence[1], series=str(Key(EVIL)), statistic=EVIL)
    finding = replace(finding, evidence=(evidence,))
    series = Series(Key(EVIL), np.arange(9.0), np.arange(9.0))
    hostile = Diagnosis(
        replace(sick.run, name=EVIL, series=(series,)),
        (
            Verdict(EVIL, EVIL, "fired", (finding, replace(finding, cleared=3.0))),
            Verdict(EVIL, EVIL, "not assessed", missing=(Missing("too short", EVIL, EVIL),)),
        ),
        Outlook("watch", EVIL),
        best_step={EVIL: 1.0},
    )
    fragment = shown(hostile)
    known = {"b", "code", "details", "div", "li", "ol", "p", "path", "small", "strong", "style"}
    known |= {"summary", "svg", "text", "title", "ul"}
    assert {name for name, _ in fragment.tags} <= known
    assert not [c for c in hostile._repr_html_() if not c.isprintable() and c != "\n"]
    assert [a for _, attributes in fragment.tags for a in attributes if a.startswith("on")] == []


def test_a_fragment_loads_nothing_and_runs_nothing(sick: Diagnosis) -> None:
    html = sick._repr_html_()
    for forbidden in ("<script", "http", "url(", "@import", "src=", "href="):
        assert forbidden not in html


def test_it_takes_the_colours_of_the_notebook(sick: Diagnosis) -> None:
    html = sick._repr_html_()
    assert "background" not in html
    assert html.count('fill="currentColor"') == 2


def test_a_log_of_hundreds_of_problems_stays_a_cell(sick: Diagnosis) -> None:
    many = tuple(replace(sick.findings[0], player=f"p{n}") for n in range(300))
    diagnosis = one(sick, *many)
    assert "and 280 more" in shown(diagnosis).text
    assert len(diagnosis._repr_html_()) < 300_000


def test_a_run_of_nothing_is_shown(sick: Diagnosis) -> None:
    empty = gan_doctor.diagnose(Run("nothing"))
    assert shown(empty).text.startswith("Nothing could be assessed")


def test_a_monitor_shows_where_it_is_and_its_latest_diagnosis(doctor: gan_doctor.Monitor) -> None:
    for _ in range(3):
        doctor.step(loss_d=1.0, loss_g=1.0)
    text = Fragment(doctor._repr_html_()).text
    assert "<script" in text
    assert "recording, step 3" in text
    assert "No diagnosis yet: doctor.diagnose() makes one." in text
    doctor.close()
    text = Fragment(doctor._repr_html_()).text
    assert "closed, step 3" in text
    assert "signatures not assessed" in text


def test_showing_a_monitor_diagnoses_nothing(
    doctor: gan_doctor.Monitor,
) -> None:
    doctor.step(loss_d=1.0, loss_g=1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gan_doctor.monitor.live.diagnose", lambda *_: pytest.fail("diagnosed"))
        assert "recording" in doctor._repr_html_()


def test_the_figure_holds_all_curves_under_the_timeline(sick: Diagnosis) -> None:
    figure = sick.plot()
    assert isinstance(figure, Figure)
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles[1:] == [
        "D loss",
        "G loss",
        "AUROC of D between real and fake, per batch",
        "D's logits, batch means",
        "Gradient norm before each optimizer step",
    ]


def test_without_curves_the_figure_shows_what_there_is(sick: Diagnosis) -> None:
    samples = replace(sick.run, series=())
    assert len(replace(sick, run=samples).plot().axes) > 1
    nothing = replace(sick, run=Run("nothing")).plot()
    assert "no series to draw" in nothing.texts[0].get_text()


def test_a_notebook_shows_the_figure_without_a_magic_line(sick: Diagnosis) -> None:
    assert sick.plot()._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]


def test_neither_package_nor_core_loads_what_shows_a_diagnosis() -> None:
    code = (
        "import sys, gan_doctor, gan_doctor.core, gan_doctor.diagnosis\n"
        "print([m for m in sys.modules if m.startswith('gan_doctor.report') or m == 'matplotlib'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
