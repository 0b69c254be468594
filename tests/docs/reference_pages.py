"""The reference pages that are written from the code at each build, so that they cannot drift."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import typer.main

from gan_doctor.cli.app import app
from gan_doctor.core import VOCABULARY, Term
from gan_doctor.detectors import Detector
from gan_doctor.detectors import known as detectors
from gan_doctor.diagnosis import tricks_for
from gan_doctor.diagnosis.answers import ANSWERS, Answer
from gan_doctor.readers import Reader
from gan_doctor.readers import known as readers
from gan_doctor.report.schema import schema_text
from gan_doctor.report.wording import setting
from gan_doctor.tricks import CATEGORIES, Trick
from gan_doctor.tricks import known as tricks

_CODE = re.compile(r"(`[^`]*`)")


def write(folder: Path) -> None:
    """Writes all pages below a folder, each only if it has changed, and removes what is no more."""
    written = pages()
    for name, text in written.items():
        page = folder / name
        page.parent.mkdir(parents=True, exist_ok=True)
        if not page.is_file() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")
    for kind in ("detectors", "tricks", "readers"):
        for page in (folder / kind).glob("*.md"):
            if f"{kind}/{page.name}" not in written:
                page.unlink()


def pages() -> dict[str, str]:
    """All pages by their path below `docs/reference`."""
    cards = [kind() for kind in detectors().values()]
    return {
        **{f"detectors/{card.slug}.md": detector_page(card) for card in cards},
        **{f"tricks/{card.slug}.md": trick_page(card) for card in tricks().values()},
        **{f"readers/{slug}.md": reader_page(kind()) for slug, kind in readers().items()},
        "detectors/index.md": detector_index(cards),
        "tricks/index.md": trick_index(),
        "readers/index.md": reader_index(),
        "remedies.md": remedies_page(),
        "limits.md": limits_page(cards),
        "series.md": series_page(VOCABULARY.values()),
        "report-schema.md": schema_page(),
        "commands.md": commands_page(),
    }


def detector_page(card: Detector) -> str:
    """A detector: its docstring, its limits, and the tricks that answer it."""
    limits = [
        [f"`{name}`", _number(limit.value), limit.meaning, limit.source]
        for name, limit in card.limits.items()
    ]
    answers = [
        [f"[{trick.title}](../tricks/{trick.slug}.md)", trick.category, trick.avoid_when]
        for trick in _tricks_for(card.slug)
    ]
    example = next(iter(card.limits), None)
    overrule = (
        f"\nTo overrule one, in `gan-doctor.toml`:\n\n```toml\n[limits.{card.slug}]\n"
        f"{_toml_key(example)} = {card.limits[example].value!r}\n```\n"
        if example
        else ""
    )
    return "".join([
        f"# {card.title}\n\n`{card.code}`, `{card.slug}`\n\n",
        _from_docstring(card.page),
        _section("All limits", _table(["limit", "default", "meaning", "source"], limits)),
        overrule,
        _section("Tricks, in the order in which to try them", _table(
            ["trick", "category", "not"], answers)),
    ])  # fmt: skip


def trick_page(card: Trick) -> str:
    """A trick: its docstring, its settings, and the failures that it answers."""
    settings = [[f"`{name}`", _number(value)] for name, value in card.settings.items()]
    treats = [
        f"- [{detectors()[slug].title}](../detectors/{slug}.md)" for slug in sorted(card.treats)
    ]
    rules = [
        f"- Not with [{tricks()[slug].title}]({slug}.md): {slug} is in use, and {_escaped(why)}."
        for slug, why in card.excludes.items()
    ]
    rules += [
        f"- With care beside [{tricks()[slug].title}]({slug}.md): {_escaped(why)}"
        for slug, why in card.with_care.items()
    ]
    switch = f"```console\n$ gan-doctor train --trick {card.slug}\n```\n"
    return "".join([
        f"# {card.title}\n\n`{card.slug}`, {card.category}, {card.cost:g} times the time of an ",
        f"iteration\n\n{_from_docstring(card.page)}",
        _section("Settings and their defaults", _table(["setting", "default"], settings)),
        _section("Against which failures", "\n".join(treats) + "\n" if treats else ""),
        _section("Beside other tricks", "\n".join(rules) + "\n" if rules else ""),
        _section("In the reference training", switch),
    ])  # fmt: skip


def reader_page(card: Reader) -> str:
    """A reader: its docstring, and how to choose it."""
    head = f"# {card.title}\n\n`{card.slug}`: {_escaped(card.files)}\n\n"
    choose = f"```console\n$ gan-doctor report LOG --format {card.slug}\n```\n"
    said = "A log is tried with all readers, and the surest reads it. To choose this one:\n\n"
    return head + _from_docstring(card.page) + _section("Choosing it", said + choose)


def detector_index(cards: Iterable[Detector]) -> str:
    """All detectors by their code."""
    rows = [
        [card.code, f"[{card.title}]({card.slug}.md)", _summary(card.page)]
        for card in sorted(cards, key=lambda card: card.code)
    ]
    return (
        "# Detectors\n\nOne page a failure. `gan-doctor explain NAME` prints the same.\n\n"
        + _table(["code", "failure", "what it does"], rows)
        + _toctree(sorted(detectors(), key=lambda slug: detectors()[slug].code))
    )


def trick_index() -> str:
    """All tricks, in the order of categories."""
    cards = sorted(tricks().values(), key=lambda card: CATEGORIES.index(card.category))
    rows = [
        [card.category, f"[{card.title}]({card.slug}.md)", _summary(card.page)] for card in cards
    ]
    return (
        "# Tricks\n\nOne page a trick. Try tuning first, then the loss, then the architecture. "
        "What is no trick of the training stands under [other remedies](../remedies.md).\n\n"
        + _table(["category", "trick", "what it does"], rows)
        + _toctree(card.slug for card in cards)
    )


def reader_index() -> str:
    """All readers."""
    rows = [
        [f"[{kind.title}]({slug}.md)", kind.files, _summary(kind().page)]
        for slug, kind in readers().items()
    ]
    return (
        "# Readers\n\nOne page a log format. How to use them: "
        "[old logs](../../how-to/old-logs.md).\n\n"
        + _table(["format", "files", "what it reads"], rows)
        + _toctree(readers())
    )


def remedies_page() -> str:
    """The remedies that are no trick."""

    def one(slug: str, answer: Answer) -> str:
        body = _from_docstring(answer.page, level=3)
        return f"## {answer.title}\n\n`{slug}`, {answer.category}\n\n{body}\n"

    return (
        "# Other remedies\n\nWhat the doctor prescribes beside the [tricks](tricks/index.md).\n\n"
        + "".join(one(slug, answer) for slug, answer in sorted(ANSWERS.items()))
    )


def limits_page(cards: Iterable[Detector]) -> str:
    """All limits of all detectors, counted by their source."""
    rows = [
        [f"[{card.slug}](detectors/{card.slug}.md)", f"`{name}`", _number(limit.value),
         limit.meaning, limit.source]
        for card in sorted(cards, key=lambda card: card.code)
        for name, limit in card.limits.items()
    ]  # fmt: skip
    sources = [row[-1] for row in rows]
    proposed = sum("proposal" in source for source in sources)
    measured = sum("design cases" in source for source in sources)
    return (
        "# All limits\n\n"
        f"There are {len(rows)} limits, of which {proposed} are proposals and {measured} "
        f"{'was' if measured == 1 else 'were'} measured on design cases; the rest come from the "
        "catalogue or from another limit. "
        "[What the sources mean](../explanation/limits.md).\n\n"
        + _table(["detector", "limit", "default", "meaning", "source"], rows)
    )


def series_page(terms: Iterable[Term]) -> str:
    """The vocabulary of series."""
    rows = [
        [
            f"`{term.name}`",
            term.meaning,
            term.unit,
            _range(term),
            term.better,
            ", ".join(f"`{alias}`" for alias in term.aliases),
        ]
        for term in terms
    ]
    return (
        "# Series\n\n"
        "What a run is made of. A player stands behind `@` (`auroc@A`), a feature space behind\n"
        "`#` (`sample/recall#random-conv`), a class or cluster behind `=`. Names in other\n"
        "people's logs are recognised whatever their case and separators; a `?` stands for a\n"
        "player. Others can be named with `--map TAG=SERIES`.\n\n"
        + _table(["series", "meaning", "unit", "range", "better", "also called"], rows)
    )


def schema_page() -> str:
    """The JSON schema of a report."""
    return (
        "# Schema of the JSON report\n\n"
        "For `gan-doctor report --json`, by draft 2020-12. `gan-doctor report --schema` prints it. "
        "[What the keys mean](json.md).\n\n"
        f"```json\n{schema_text()}```\n"
    )


def commands_page() -> str:
    """The command line: each command with its arguments, options and examples."""
    return (
        "# Commands\n\n"
        f"`gan-doctor COMMAND --help` says the same. {app.info.epilog}\n\n"
        + "".join(_command(name, command) for name, command in commands())
    )


def commands() -> list[tuple[str, Any]]:
    """All commands by their whole name: `report`, `clinic run`."""
    found: list[tuple[str, Any]] = []

    def take(prefix: str, group: Any) -> None:
        for name, command in group.commands.items():
            if not command.hidden:
                found.append((prefix + name, command))
                if hasattr(command, "commands"):
                    take(f"{prefix}{name} ", command)

    take("", typer.main.get_command(app))
    return found


def _command(name: str, command: Any) -> str:
    shown = [p for p in command.params if not getattr(p, "hidden", False) and p.name != "help"]
    arguments = [p for p in shown if not p.opts[0].startswith("-")]
    words = [p.metavar or p.name.upper() for p in arguments]
    words += [f"{p.opts[0]} {p.metavar}" for p in shown if p not in arguments and p.required]
    rows = [[f"`{p.metavar or p.name.upper()}`", getattr(p, "help", "") or ""] for p in arguments]
    rows += [[_option(p), p.help or ""] for p in shown if p not in arguments]
    return "".join([
        f"## gan-doctor {name}\n\n",
        f"```text\ngan-doctor {' '.join([name, *words])}\n```\n\n" if words else "",
        _from_docstring(command.help or "", level=3),
        "\n", _table(["argument or option", "meaning"], rows), "\n",
    ])  # fmt: skip


def _option(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    value = "" if getattr(option, "is_flag", False) else f" `{option.metavar or 'VALUE'}`"
    default = option.default
    if default in (None, False, "", ()) or callable(default):
        return names + value
    return f"{names}{value} (default `{getattr(default, 'value', default)}`)"


def _tricks_for(slug: str) -> Sequence[Trick]:
    return tricks_for(slug) if any(slug in card.treats for card in tricks().values()) else ()


def _from_docstring(text: str, level: int = 2) -> str:
    """A docstring in our sections as Markdown."""
    return "\n".join(_blocks(text, level)) + "\n"


def _blocks(text: str, level: int) -> Iterator[str]:
    for block in text.split("\n\n"):
        heading, _, body = block.partition("\n")
        if heading.endswith(":") and body.startswith(" "):
            title = heading.removesuffix(":")
            yield f"{'#' * level} {title}\n"
            block = textwrap.dedent(body)
            if title in ("Examples", "Example"):
                yield f"```text\n{block}\n```\n"
                continue
        yield _escaped(textwrap.dedent(block)) + "\n"


def _escaped(text: str) -> str:
    """Prose, with what Markdown would take for markup escaped."""
    return "".join(
        part if part.startswith("`") else re.sub(r"([\\<>*_\[\]#$|])", r"\\\1", part)
        for part in _CODE.split(text)
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [head, ["---"] * len(head), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _cell(text: str) -> str:
    """Text for a table, where a bar is a border even within code. What begins as a link is one."""
    shown = text if text.startswith("[") else _escaped(text.replace("\n", " "))
    return re.sub(r"(?<!\\)\|", r"\\|", shown)


def _section(title: str, body: str) -> str:
    return f"\n## {title}\n\n{body}" if body else ""


def _toctree(names: Iterable[str]) -> str:
    return "\n```{toctree}\n:hidden:\n\n" + "\n".join(names) + "\n```\n"


def _summary(page: str) -> str:
    return page.partition("\n\n")[0].replace("\n", " ")


def _range(term: Term) -> str:
    if term.low is None and term.high is None:
        return ""
    low, high = ("" if x is None else f"{x:g}" for x in (term.low, term.high))
    return f"{low} to {high}" if high else f"from {low}"


def _number(value: Any) -> str:
    return f"`{setting(value)}`"


def _toml_key(name: str) -> str:
    return name if re.fullmatch(r"[\w-]+", name) else f'"{name}"'
