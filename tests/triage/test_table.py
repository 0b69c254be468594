from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import asdict
from html.parser import HTMLParser
from typing import Any

import pytest
from rich.console import Console

from gan_doctor.report.triage_page import triage_page
from gan_doctor.report.triage_table import triage_csv, triage_json, triage_text
from gan_doctor.triage import FIELDS, groups
from gan_doctor.triage.examine import Examined
from gan_doctor.triage.places import Found, Trace
from gan_doctor.triage.rows import Row, rows

HOSTILE = '<script>alert("1")</script>[red]\x1b[2J'
SICK = Examined(
    "a", "stop", "broke", "critical", "non-finite", 201.0, 400.0, 1_000, "generator_step", 0.4975,
    measure="metric/fid", best=31.25,
)  # fmt: skip


def made() -> tuple[Row, ...]:
    def found(path: str) -> Found:
        return Found(path, path, "run-log", Trace(1, 1, 0.0))

    return rows(
        {
            found("a_s1"): SICK,
            found("a_s2"): Examined("a", "continue", step=20_000.0, budget=20_000, ended=True,
                                    wasted=0.0, measure="metric/fid", best=9.5),
            found("b"): Examined("b", error=f"Cannot read {HOSTILE}: it is not JSON"),
            found(HOSTILE): Examined("c", "watch", HOSTILE, "warning", HOSTILE, 5.0, 9.0,
                                     clock="row", wasted=0.0, measure=HOSTILE, best=1.0),
        },
        now=1e6,
    )  # fmt: skip


@pytest.fixture
def plain() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    return [row.plain() for row in made()], [asdict(group) for group in groups(made())]


def text_of(*content: Any) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(triage_text(*content), soft_wrap=True)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def test_the_text_says_first_how_many_runs_need_what(plain: Any) -> None:
    first, *_ = text_of(*plain).splitlines()
    assert first == "4 runs: 1 to stop, 1 cannot be read, 1 to watch, 1 fine"


def test_columns_stand_below_each_other_and_no_line_ends_in_blanks(plain: Any) -> None:
    content = [row for row in plain[0] if row["finding"] != HOSTILE]
    lines = text_of(content, plain[1]).splitlines()[2:6]
    assert lines == [
        "outlook  wasted  first problem  since    step  budget  state     run",
        "stop        50%  non-finite       201     400   1,000  stopped   a_s1",
        "unread           -                  -       -       -  stopped   b",
        "fine         0%  -                  -  20,000  20,000  finished  a_s2",
    ]


def test_configurations_of_several_runs_show_their_spread(plain: Any) -> None:
    text = text_of(*plain)
    assert "   2         1       0  9.5 to 31.25, median 20.38 (metric/fid of 2)  a\n" in text
    assert text.count("metric/fid") == 1


def test_no_letter_of_a_log_is_obeyed_by_a_terminal(plain: Any) -> None:
    text = text_of(*plain)
    assert "\x1b" not in text
    assert r"[red]\x1b[2J" in text


def test_many_that_cannot_be_read_are_counted() -> None:
    found = {Found(str(n), str(n)): Examined("a", error=f"Cannot read {n}") for n in range(30)}
    text = text_of([row.plain() for row in rows(found, 0.0)], [])
    assert text.count("Unread  Cannot read") == 10
    assert "Unread  and 20 more" in text


def test_no_run_is_no_error() -> None:
    assert text_of([], []).startswith("No run is meant")
    assert json.loads(triage_json([], []))["runs"] == []
    assert triage_csv([], list(FIELDS)).count("\n") == 1
    assert "No run is meant" in triage_page([], [])


def test_json_has_every_field_of_every_run(plain: Any) -> None:
    content = json.loads(triage_json(*plain))
    assert content["runs"] == plain[0]
    assert content["configurations"][0]["name"] == "a"
    assert content["version"] == 1


def test_csv_comes_back(plain: Any) -> None:
    table = list(csv.DictReader(io.StringIO(triage_csv(plain[0], list(FIELDS)))))
    assert list(table[0]) == list(FIELDS)
    for row, was in zip(table, plain[0], strict=True):
        for field, text in row.items():
            value = was[field]
            assert text == ("" if value is None else str(value)) or float(text) == value


class Tags(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def test_the_page_loads_nothing_and_takes_no_markup_from_a_log(plain: Any) -> None:
    page = triage_page(*plain)
    tags = Tags(page)
    assert not {"script", "link", "img", "iframe", "a"} & set(tags.tags)
    assert not {"src", "href", "onclick"} & {name for name, _ in tags.attributes}
    assert "url(" not in page
    assert "http://" not in page
    assert "https://" not in page
    assert "\x1b" not in page
    assert "&lt;script&gt;" in page


def test_the_page_sorts_by_each_column_without_a_script(plain: Any) -> None:
    page = triage_page(*plain)
    choices = re.findall(r'id="by-(\w+)"', page)
    assert choices[:4] == ["need", "outlook", "state", "wasted"]
    for field in choices:
        assert f"body:has(#by-{field}:checked) #runs tbody tr {{ order: var(--{field}); }}" in page
        places = [int(n) for n in re.findall(rf"[\";]--{field}:(\d+)", page)]
        assert sorted(places) == [0, 1, 2, 3]
    # Large numbers first, and what has none last: steps of 400, none, 9 and 20,000.
    assert re.findall(r"--step:(\d)", page) == ["1", "3", "2", "0"]
