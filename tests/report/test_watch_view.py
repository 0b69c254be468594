from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from rich.text import Text
from syrupy.assertion import SnapshotAssertion

from gan_doctor.core import Diagnosis, Key, Outlook, Run, Samples, Series, Verdict
from gan_doctor.diagnosis.following import Look
from gan_doctor.report.sample_blocks import SampleBlocks, latest_images
from gan_doctor.report.watch_view import LiveCurve, freshness, news, watch_view

NOW = 1_800_000_000.0


def text(view, width: int = 80, colours: str | None = None, encoding: str = "utf-8") -> str:
    file = io.TextIOWrapper(io.BytesIO(), encoding, errors="strict")
    console = Console(
        file=file,
        width=width,
        force_terminal=bool(colours),
        color_system=colours,
        legacy_windows=False,
    )
    console.print(view)
    file.flush()
    return file.buffer.getvalue().decode(encoding)


def test_whole_view_of_a_sick_run(sick: Diagnosis, snapshot: SnapshotAssertion) -> None:
    assert text(watch_view(Look(sick, NOW - 4), NOW, "x", "q quits.")) == snapshot


def test_while_there_is_nothing_it_says_what_it_waits_for() -> None:
    shown = text(
        watch_view(Look(None, None, "Cannot read x: there is no such file"), NOW, "runs/x")
    )
    assert shown == "Waiting for runs/x\nCannot read x: there is no such file\n"


def test_a_log_that_is_gone_is_shown_as_it_last_stood(sick: Diagnosis) -> None:
    shown = text(watch_view(Look(sick, None, "it is gone"), NOW, "x"))
    assert "As it last stood. it is gone" in shown
    assert "CRITICAL  discriminator-overpowering" in shown


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.4, "last written 0 s ago"),
        (119, "last written 119 s ago"),
        (250, "last written 4 min ago"),
        (900, "last written 15 min ago: the training may have stopped"),
        (3 * 3600, "last written 3 hours ago: the training may have stopped"),
        (-50, "last written 0 s ago"),
    ],
)
def test_it_says_how_long_ago_the_log_was_written(
    sick: Diagnosis, seconds: float, said: str
) -> None:
    running = replace(sick, run=replace(sick.run, setup=replace(sick.run.setup, total_steps=5000)))
    assert freshness(Look(running, NOW - seconds), NOW) == said


def test_a_finished_run_is_not_called_dead(sick: Diagnosis) -> None:
    assert freshness(Look(sick, NOW - 9000), NOW) == "last written 2 hours ago, finished"


def test_news_are_told_once(sick: Diagnosis, healthy: Diagnosis) -> None:
    before = Look(healthy, NOW)
    first = list(news(None, before, NOW))
    assert first == ["runs/sick, step 1,200 of 1,200: No problem found; every signature assessed"]
    assert list(news(before, Look(healthy, NOW + 5), NOW)) == []
    lines = list(news(before, Look(sick, NOW), NOW))
    assert [line.split(": ")[1] for line in lines] == [
        "CRITICAL discriminator-overpowering (GD201)",
        "CRITICAL noise-output (GD401), a consequence of discriminator-overpowering",
        "over at step 130",
    ]
    assert list(news(Look(sick, NOW), Look(sick, NOW), NOW)) == []
    assert next(news(Look(sick, NOW), before, NOW)).endswith("overpowering is withdrawn")


def test_news_of_a_silent_writer_and_of_its_return(healthy: Diagnosis) -> None:
    run = replace(healthy.run, setup=replace(healthy.run.setup, total_steps=5000))
    look = Look(replace(healthy, run=run), NOW)
    (line,) = news(look, look, NOW + 700)
    assert line == "step 1,200: last written 11 min ago: the training may have stopped"
    assert list(news(look, look, NOW + 705, was_dead=True)) == []
    assert list(news(look, look, NOW + 5, was_dead=True)) == [
        "step 1,200: it is being written again"
    ]


def test_why_it_waits_is_told_when_it_changes() -> None:
    one, other = Look(None, None, "no such file"), Look(None, None, "it holds no values")
    assert list(news(None, one, NOW)) == ["Waiting: no such file"]
    assert list(news(one, one, NOW)) == []
    assert list(news(one, other, NOW)) == ["Waiting: it holds no values"]


def test_a_hostile_log_reaches_the_terminal_as_letters_only(sick: Diagnosis) -> None:
    evil = "[red]x[/red] \x1b[2J\x07\r\n\u202e"
    finding = replace(sick.findings[0], slug=evil, code=evil, message=evil, player=evil)
    key = Key("loss/d", player="[b]\x1b[2J")
    run = replace(sick.run, name=evil, series=(Series(key, [1, 2], [1, 2]),))
    hostile = Diagnosis(run, (Verdict(evil, evil, "fired", (finding,)),), Outlook("watch", evil))
    look = Look(hostile, NOW, evil)
    for shown in (text(watch_view(look, NOW, evil)), "".join(news(None, look, NOW))):
        assert "[red]x[/red]" in shown
        assert not [c for c in shown if not c.isprintable() and c != "\n"]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal(sick: Diagnosis, width: int) -> None:
    painted = text(watch_view(Look(sick, NOW), NOW, "x"), width, "truecolor")
    lines = Text.from_ansi(painted).plain.splitlines()
    assert max(map(len, lines)) <= width


def test_a_curve_is_of_letters_where_there_are_no_blocks() -> None:
    series = Series(Key("loss/d"), np.arange(100), np.arange(100.0))
    assert "█" in text(LiveCurve("D loss", series))
    shown = text(LiveCurve("D loss", series), encoding="ascii")
    assert shown.startswith("D loss          _-~")
    assert "##" in shown


def test_a_curve_has_a_gap_where_there_is_no_number_and_none_where_there_is_never_one() -> None:
    values = np.where(np.arange(40) % 2, np.nan, 1.0)
    assert text(LiveCurve("D", Series(Key("loss/d"), np.arange(40), values))).count("▅ ") == 20
    never = Series(Key("loss/d"), np.arange(3), np.full(3, np.nan))
    assert text(LiveCurve("D", never)).split() == ["D", "NaN"]


def images(*batches: np.ndarray) -> Run:
    samples = tuple(
        Samples(n, "fake", f"{n}.npy", open=lambda path: batches[int(path[:-4])])
        for n in range(len(batches))
    )
    return Run("r", samples=samples)


def test_each_character_is_two_pixels() -> None:
    image = np.array([[[[255, 0], [0, 255]]]], np.uint8)  # (1, 1, 2, 2)
    assert text(SampleBlocks(image), colours="truecolor") == (
        "\x1b[38;2;255;255;255;48;2;0;0;0m▀\x1b[0m\x1b[38;2;0;0;0;48;2;255;255;255m▀\x1b[0m\n"
    )


@pytest.mark.parametrize("colours", [None, "standard"])
def test_images_are_left_out_where_the_terminal_cannot_show_them(
    sick: Diagnosis, colours: str | None
) -> None:
    assert text(SampleBlocks(np.zeros((1, 3, 4, 4), np.uint8)), colours=colours).strip() == ""
    assert "Samples of" not in text(watch_view(Look(sick, NOW), NOW, "x"), colours=colours)
    assert "Samples of step 1,200" in text(watch_view(Look(sick, NOW), NOW, "x"), colours="256")


def test_large_and_odd_images_fit(sick: Diagnosis) -> None:
    for shape in ((5, 3, 257, 129), (40, 1, 7, 5), (1, 4, 1, 1), (2, 2, 33, 300)):
        shown = text(SampleBlocks(np.zeros(shape, np.uint8)), colours="truecolor")
        lines = Text.from_ansi(shown).plain.splitlines()
        assert 0 < max(map(len, lines)) <= 80
        assert len(lines) <= 33


def test_the_last_images_that_can_be_read_are_shown() -> None:
    good = np.ones((2, 1, 4, 4), np.uint8)
    assert latest_images(images(good, np.zeros((0, 1, 4, 4), np.uint8)))[0] == 0
    assert latest_images(images(np.zeros((5, 2)))) is None
    gone = Run("r", samples=(Samples(3, "fake", "x.npy"),))
    assert latest_images(gone) is None
