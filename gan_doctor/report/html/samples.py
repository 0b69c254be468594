"""What G made over time, a picture a step, beside real samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gan_doctor.core import Run, Samples, evenly
from gan_doctor.report.html.element import Html, tag
from gan_doctor.report.html.pictures import (
    MOST_BYTES,
    Window,
    grid_picture,
    is_images,
    is_points,
    outside,
    scatter_picture,
    window_of,
)
from gan_doctor.report.kept_samples import Batch, loaded
from gan_doctor.report.wording import at, count

STEPS = 12
PLAYERS = 2  # whose samples are shown, so that the page stays small


def sample_section(run: Run) -> Html | None:
    """The kept fakes with a slider over time, the latest reals beside them; None without fakes."""
    kept = run.current.samples
    players = list(dict.fromkeys(s.player for s in kept if s.kind == "fake"))
    most_bytes = MOST_BYTES // max(1, min(len(players), PLAYERS))
    shown = [
        part for player in players[:PLAYERS] for part in _player(run, kept, player, most_bytes)
    ]
    if not shown:
        return None
    rest = len(players) - PLAYERS
    more = tag("p", f"And those of {count(rest, 'more player')}.") if rest > 0 else None
    return tag("section", tag("h2", "Samples"), shown, more, id="samples")


def batches_of(run: Run, player: str = "") -> tuple[list[tuple[Samples, Batch]], Batch | None]:
    """At most 12 kept batches of fakes, the first and last among them, and the latest reals."""
    kept = [s for s in run.current.samples if s.player == player]
    fakes = evenly([s for s in kept if s.kind == "fake"], STEPS)
    found = [(s, batch) for s in fakes if (batch := loaded(s)) is not None]
    reals = (loaded(s) for s in kept[::-1] if s.kind == "real")
    return found, next((batch for batch in reals if batch is not None), None)


def _player(run: Run, kept: Sequence[Samples], player: str, most_bytes: int) -> Iterator[Html]:
    batches, real = batches_of(run, player)
    fakes = sum(s.kind == "fake" and s.player == player for s in kept)
    lost = min(fakes, STEPS) - len(batches)
    frames = list(_frames(run, batches, real, most_bytes))
    if frames:
        last = len(frames) - 1
        names = ";".join(at(run, samples.step) for samples, _ in batches)
        slider = tag(
            "label",
            "Step ",
            tag("input", type="range", min="0", max=str(last), value=str(last), step="1"),
            tag("output", at(run, batches[-1][0].step)),
            class_="slider",
        )
        yield tag("h3", player) if player else Html()
        yield tag(
            "div",
            tag(
                "div", slider if last else None, tag("div", frames, class_="frames"), class_="fakes"
            ),
            _real(real, batches, most_bytes),
            class_="pair",
            data_names=Html(names),
        )
    elif batches:
        yield tag("p", f"Samples of the shape {batches[-1][1].shape[1:]} are kept, not drawn.")
    if lost:
        yield tag("p", f"{count(lost, 'batch', 'batches')} could not be read.", class_="dim")


def _frames(
    run: Run, loaded: Sequence[tuple[Samples, Batch]], real: Batch | None, most_bytes: int
) -> Iterator[Html]:
    for samples, batch in loaded:
        name = at(run, samples.step)
        if is_images(batch):
            picture, note = grid_picture(batch, f"Fakes at {name}", most_bytes), ""
        elif is_points(batch):
            behind = real if real is not None and is_points(real) else None
            window = _window(loaded, behind)
            picture = scatter_picture(batch, window, f"Fakes at {name} on the reals", behind)
            far = outside(batch, window)
            note = f", {far:.0%} outside" if far > 0 else ""
        else:
            return
        caption = tag("figcaption", f"Fakes, {name}{note}")
        yield tag("figure", caption, picture, class_="frame")


def _real(
    real: Batch | None, loaded: Sequence[tuple[Samples, Batch]], most_bytes: int
) -> Html | None:
    if real is None:
        return None
    if is_images(real):
        picture = grid_picture(real, "Real samples", most_bytes)
    elif is_points(real):
        picture = scatter_picture(real, _window(loaded, real), "Real points")
    else:
        return None
    return tag("figure", tag("figcaption", "Real"), picture, class_="frame real")


def _window(loaded: Sequence[tuple[Samples, Batch]], real: Batch | None) -> Window:
    return window_of(loaded[-1][1] if real is None else real)
