"""The documentation: nothing is left out, what it shows runs, and it builds without a warning."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from docs.reference_pages import commands, pages, write

from gan_doctor.core import VOCABULARY
from gan_doctor.detectors import known as detectors
from gan_doctor.diagnosis.answers import ANSWERS
from gan_doctor.readers import known as readers
from gan_doctor.tricks import known as tricks

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TUTORIAL = DOCS / "tutorial" / "first-sick-run.md"
GUIDES = sorted((DOCS / "how-to").glob("*.md"))

_FENCE = re.compile(
    r"^```(?:\{code-block\} )?(?P<language>\w+)\n(?::caption: (?P<file>\S+)\n)?\n?"
    r"(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_NUMBER = re.compile(r"[\d.,]+(?:e-?\d+)?")


@pytest.fixture(scope="module")
def written():
    return pages()


@pytest.mark.parametrize(
    ("kind", "known"), [("detectors", detectors), ("tricks", tricks), ("readers", readers)]
)
def test_every_plug_in_has_a_page_and_a_row(written, kind, known):
    for slug in known():
        assert f"{kind}/{slug}.md" in written
        assert f"({slug}.md)" in written[f"{kind}/index.md"]


def test_every_section_of_a_detectors_docstring_is_on_its_page(written):
    for slug, kind in detectors().items():
        for heading in re.findall(r"^([A-Z].*):$", kind().page, re.MULTILINE):
            assert f"\n## {heading}\n" in written[f"detectors/{slug}.md"], (slug, heading)


def test_every_limit_stands_with_its_source(written):
    for slug, kind in detectors().items():
        for name, limit in kind.limits.items():
            row = next(
                r for r in written[f"detectors/{slug}.md"].splitlines() if f"| `{name}`" in r
            )
            assert limit.source in row
            assert any(f"[{slug}]" in r and name in r for r in written["limits.md"].splitlines())


def test_every_series_and_remedy_has_its_row(written):
    assert all(f"| `{name}` |" in written["series.md"] for name in VOCABULARY)
    assert all(f"\n`{slug}`, " in written["remedies.md"] for slug in ANSWERS)


def test_every_command_and_option_is_listed(written):
    names = [name for name, _ in commands()]
    assert {"report", "triage", "train", "clinic run"} <= set(names)
    for name, command in commands():
        _, _, section = written["commands.md"].partition(f"\n## gan-doctor {name}\n")
        section = section.partition("\n## ")[0]
        assert section, name
        for parameter in command.params:
            if parameter.name != "help" and not getattr(parameter, "hidden", False):
                assert all(f"`{o}`" in section for o in parameter.opts if o.startswith("-")), name


def test_markup_in_a_docstring_is_shown_and_not_obeyed(written):
    assert "`<run>.log`" in written["readers/studiogan-log.md"]
    for name, page in written.items():
        prose = re.sub(r"```.*?```|`[^`]*`", "", page, flags=re.DOTALL)
        assert not re.search(r"(?<!\\)<\w", prose), name


def test_a_page_of_what_is_gone_is_removed(tmp_path):
    (tmp_path / "tricks").mkdir()
    (tmp_path / "tricks" / "gone.md").write_text("# Gone\n")
    write(tmp_path)
    assert not (tmp_path / "tricks" / "gone.md").exists()
    assert (tmp_path / "tricks" / "packing.md").read_text().startswith("# Packing")


def test_links_of_the_pages_lead_somewhere(tmp_path, written):
    hand = {p.relative_to(DOCS).as_posix(): p.read_text() for p in DOCS.rglob("*.md")}
    known = hand | {f"reference/{name}": text for name, text in written.items()}
    for name, text in known.items():
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", text)):
            if not urlsplit(target).scheme:
                path = os.path.normpath((Path(name).parent / target.partition("#")[0]).as_posix())
                assert path in known, f"{name} links to {target}"


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("page", [TUTORIAL, *GUIDES], ids=lambda page: page.stem)
def test_what_a_page_shows_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scripts = []
    for language, file, body in blocks(page.read_text()):
        if file:
            Path(file).write_text(body)
        elif language == "console":
            for command, shown in calls(body):
                check(command, shown)
        elif language == "python":
            scripts.append(body)
    if scripts:
        Path("page.py").write_text("\n".join(scripts))
        check("python page.py", [])


def blocks(text: str) -> Iterator[tuple[str, str | None, str]]:
    """The fenced blocks of a page: language, name of the file that it is, and text."""
    return (fence.group("language", "file", "body") for fence in _FENCE.finditer(text))


def calls(body: str) -> Iterator[tuple[str, list[str]]]:
    """The commands of a console block, each with the lines that the page shows of its output."""
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        yield command, [line for line in shown if line.strip()]


def check(command: str, shown: list[str]) -> None:
    """Runs a command; it must end well or with findings, and print what the page shows."""
    folders = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        env={**os.environ, "PATH": folders, "COLUMNS": "80", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = "gan-doctor" in command and done.returncode == 1
    assert done.returncode == 0 or found, f"{command}\n{done.stdout}\n{done.stderr}"
    for line in shown:
        # Numbers may differ with the machine; words may not.
        assert _NUMBER.sub("0", line) in _NUMBER.sub("0", done.stdout), f"{command}: {line}"


class _Addresses(HTMLParser):
    """What a page loads, what it links to, and what can be linked to in it."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.ids |= {given["id"] or ""} if "id" in given else set()
        if tag in ("script", "img", "iframe") and given.get("src"):
            self.loaded.append(given["src"] or "")
        elif tag == "link" and given.get("href"):
            self.loaded.append(given["href"] or "")
        elif tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")


@pytest.mark.timeout(1200)
def test_the_strict_build_passes_and_its_pages_need_no_network(tmp_path):
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    done = subprocess.run(
        [*command, "-d", str(tmp_path / "doctrees"), str(DOCS), str(tmp_path / "html")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    read = {}
    for page in (tmp_path / "html").rglob("*.html"):
        read[page.resolve()] = _Addresses()
        read[page.resolve()].feed(page.read_text(encoding="utf-8"))
    assert len(read) > len(detectors()) + len(tricks()) + len(readers())
    for page, of in read.items():
        assert [a for a in of.loaded if urlsplit(a).scheme not in ("", "data")] == [], page
        for link in of.links:
            parts = urlsplit(link)
            if not parts.scheme:
                target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
                assert target.exists(), f"{page.name} links to {link}"
                if parts.fragment and target in read:
                    assert unquote(parts.fragment) in read[target].ids, f"{page.name}: {link}"
