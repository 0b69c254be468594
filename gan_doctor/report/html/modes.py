"""How the fakes are spread over the clusters of the real data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gan_doctor.core import Run
from gan_doctor.report.html.element import Html, join, tag
from gan_doctor.report.wording import at, count, listed

MOST_CLUSTERS = 60
CHECKS = 5  # the last ones, over which the shares are averaged: one check is a small sample
A_TENTH = 0.1  # of its real share, below which a cluster counts as missing; our choice


@dataclass(frozen=True)
class Cluster:
    """One cluster of the real data.

    Args:
        label: Its number.
        fake: Share of the fakes in it.
        real: Share of the reals in it.
        word: How the two compare.
    """

    label: int
    fake: float
    real: float
    word: str


def mode_section(run: Run) -> Html | None:
    """A row a cluster: its share of reals and of fakes, and a word; None without the shares."""
    current = run.current
    for player in current.players:
        clusters = sorted(_clusters(current, player), key=lambda c: -c.real)
        if clusters:
            return _section(run, clusters, player)
    return None


def _clusters(run: Run, player: str) -> Iterator[Cluster]:
    for label, series in run.by_label("sample/mode_share", player).items():
        last = series.values[-CHECKS:]
        band = run.band(series.key, run.last_step)
        if band is None or not np.isfinite(last).any():
            continue
        fake = float(last[np.isfinite(last)].mean())
        if fake < A_TENTH * band.mean:
            word = "missing"
        elif fake < band.low:
            word = "too few"
        else:
            word = "too many" if fake > band.high else "as real"
        yield Cluster(label, fake, band.mean, word)


def _section(run: Run, clusters: list[Cluster], player: str) -> Html:
    kinds = Counter(cluster.word for cluster in clusters)
    words = [
        f"{kinds[word]} {told}"
        for word, told in (
            ("missing", "missing"),
            ("too few", "with too few fakes"),
            ("too many", "over-produced"),
            ("as real", "as often as in real data"),
        )
        if kinds[word]
    ]
    widest = max(max(c.fake, c.real) for c in clusters) or 1.0
    heads = [
        "cluster",
        "share",
        join(tag("span", class_="key of-real"), "reals"),
        join(tag("span", class_="key of-fake"), "fakes"),
        "compared",
    ]
    whose = f" of {player}" if player else ""
    return tag(
        "section",
        tag("h2", f"Modes{whose}"),
        tag(
            "p",
            f"Of {count(len(clusters), 'cluster')} of the real data: {listed(words)}. "
            f"Mean of the last {count(CHECKS, 'check')}, up to {at(run, run.last_step)}.",
        ),
        tag(
            "table",
            tag("thead", tag("tr", [tag("th", head, scope="col") for head in heads])),
            tag("tbody", [_row(cluster, widest) for cluster in clusters[:MOST_CLUSTERS]]),
            class_="modes",
        ),
        id="modes",
    )


def _row(cluster: Cluster, widest: float) -> Html:
    bars = [
        tag("span", class_=kind, style=f"width:{100 * share / widest:.4g}%")
        for kind, share in (("of-real", cluster.real), ("of-fake", cluster.fake))
    ]
    return tag(
        "tr",
        tag("th", str(cluster.label), scope="row"),
        tag("td", bars, class_="bars"),
        tag("td", f"{cluster.real:.1%}", class_="n"),
        tag("td", f"{cluster.fake:.1%}", class_="n"),
        tag("td", cluster.word, class_="word"),
        class_=cluster.word.replace(" ", "-"),
    )
