"""HTML elements as functions: what is not an element already is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable

from gan_doctor.report.wording import harmless

Child = str | Iterable[str | None] | None


class Html(str):
    """Markup that goes into the page as it stands; only this module and constants make it."""

    __slots__ = ()


def tag(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Html:
    """An element.

    Args:
        name: Such as "p".
        children: Elements, or text, which is escaped; several may come in one sequence.
        attributes: Underscores become hyphens, a last one goes (`class_`). None and False are left
            out, True is an attribute without a value.

    Example:
        >>> tag("p", "a < b", class_="x")
        '<p class="x">a &lt; b</p>'
    """
    told = "".join(
        f" {_name(key)}" if value is True else f' {_name(key)}="{escaped(_plain(value))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    end = "" if name in _EMPTY else f"{join(*children)}</{name}>"
    return Html(f"<{name}{told}>{end}")


def join(*children: Child) -> Html:
    """Elements and texts one after the other."""
    parts: list[str] = []
    for child in children:
        if isinstance(child, str):
            parts.append(escaped(child))
        elif child is not None:
            parts += [escaped(part) for part in child if part is not None]
    return Html("".join(parts))


def escaped(text: str) -> Html:
    r"""Text as it may stand in an element or an attribute, without control characters.

    Example:
        >>> escaped('<b title="x">\x00')
        '&lt;b title=&quot;x&quot;&gt;\\x00'
    """
    return text if isinstance(text, Html) else Html(html.escape(harmless(text)))


def lines(text: str) -> Html:
    """Text of several lines, which keeps its ends of lines."""
    return Html("\n".join(map(escaped, text.splitlines())))


_EMPTY = ("br", "img", "input", "meta")


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _plain(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"
