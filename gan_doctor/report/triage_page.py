"""The rows of a sweep as one page for a browser, which sorts them without a script."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from gan_doctor.report.triage_table import Plain, percent, spread, triage_headline
from gan_doctor.report.wording import harmless, number

# By field: the head of its column, its share of the width, and whether it holds numbers.
_COLUMNS = {
    "outlook": ("outlook", 5, False),
    "state": ("state", 5, False),
    "wasted": ("wasted", 5, True),
    "finding": ("first problem", 10, False),
    "onset": ("since", 5, True),
    "step": ("last step", 5, True),
    "budget": ("budget", 5, True),
    "best": ("best measure", 6, True),
    "group": ("configuration", 10, False),
    "name": ("run", 12, False),
    "format": ("format", 6, False),
    "reason": ("why", 16, False),
}
_NEED = "need"  # the order in which the rows come

_STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5em; color: #1b1b1b; background: #fff; }
fieldset { border: 0; padding: 0; margin: 1em 0; }
fieldset label { margin-right: 1em; white-space: nowrap; }
table, thead, tbody { display: flex; flex-direction: column; }
tr { display: grid; gap: 0 .8em; border-bottom: 1px solid #ddd; padding: .25em .3em; }
th { text-align: left; }
th, td { overflow-wrap: anywhere; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
.stop, .roll, .change { border-left: 6px solid #b3261e; }
.unread { border-left: 6px solid #6b6b6b; }
.watch { border-left: 6px solid #b58900; }
.continue, .fine, .head { border-left: 6px solid #fff; }
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>gan-doctor triage</title>
<style>{style}</style>
</head>
<body>
<h1>{headline}</h1>
<fieldset><legend>Sort by</legend>
{choices}
</fieldset>
<table role="table" id="runs">
<thead role="rowgroup"><tr role="row" class="head">{heads}</tr></thead>
<tbody role="rowgroup">
{rows}
</tbody>
</table>
{configurations}
</body>
</html>
"""


def triage_page(rows: Sequence[Plain], configurations: Sequence[Plain]) -> str:
    """The page: nothing in it is loaded from elsewhere, and nothing out of a log is markup.

    Args:
        rows: In their order.
        configurations: The same runs by configuration.
    """
    fields = (_NEED, *_COLUMNS)
    ranks = {field: _ranks(rows, field) for field in _COLUMNS}
    ranks[_NEED] = list(range(len(rows)))
    widths = " ".join(f"minmax(0, {width}fr)" for _, width, _ in _COLUMNS.values())
    orders = "\n".join(
        f"body:has(#by-{field}:checked) #runs tbody tr {{ order: var(--{field}); }}"
        for field in fields
    )
    body = (
        _row(row, ";".join(f"--{field}:{ranks[field][n]}" for field in fields))
        for n, row in enumerate(rows)
    )
    return _PAGE.format(
        style=f"{_STYLE}#runs tr {{ grid-template-columns: {widths}; }}\n{orders}\n",
        headline=_text(triage_headline(rows)),
        choices="\n".join(map(_choice, fields)),
        heads="".join(_cell("th", field, head) for field, (head, _, _) in _COLUMNS.items()),
        rows="\n".join(body),
        configurations="\n".join(_configurations(configurations)),
    )


def _choice(field: str) -> str:
    head = "need" if field == _NEED else _COLUMNS[field][0]
    checked = " checked" if field == _NEED else ""
    radio = f'<input type="radio" name="by" id="by-{field}"{checked}>'
    return f"<label>{radio} {_text(head)}</label>"


def _ranks(rows: Sequence[Plain], field: str) -> list[int]:
    """The place of each row when sorted by a field: large numbers first, unknown ones last."""

    def rank(n: int) -> tuple[bool, float, str]:
        value = rows[n][field]
        if isinstance(value, int | float):
            return False, -value, ""
        return not value, 0.0, value or ""

    places = [0] * len(rows)
    for place, n in enumerate(sorted(range(len(rows)), key=rank)):
        places[n] = place
    return places


def _row(row: Plain, order: str) -> str:
    cells = "".join(_cell("td", field, _shown(row, field)) for field in _COLUMNS)
    kind = str(row["outlook"]).partition(" ")[0]
    return f'<tr role="row" class="{_text(kind)}" style="{order}">{cells}</tr>'


def _shown(row: Plain, field: str) -> str:
    value = row[field]
    if field == "wasted":
        return percent(row[field])
    if field == "reason":
        return str(row["error"] or value)
    if field == "best" and value is not None:
        return f"{number(float(value))} {row['measure']}"
    if isinstance(value, int | float):
        return number(value)
    return value or ""


def _cell(tag: str, field: str, text: str) -> str:
    role = "columnheader" if tag == "th" else "cell"
    kind = ' class="n"' if _COLUMNS[field][2] else ""
    return f'<{tag} role="{role}"{kind}>{_text(text)}</{tag}>'


def _configurations(configurations: Sequence[Plain]) -> Iterator[str]:
    several = [of for of in configurations if of["n"] != 1]
    if several:
        yield "<h2>By configuration, over its seeds</h2>\n<ul>"
        for of in several:
            parts = [f"{of['n']} runs, {of['critical']} critical, {of['unread']} unread"]
            parts += [f"best {spread(of)}"] if spread(of) else []
            yield f"<li><b>{_text(str(of['name']))}</b>: {_text(', '.join(parts))}</li>"
        yield "</ul>"


def _text(text: str) -> str:
    return html.escape(harmless(text))
