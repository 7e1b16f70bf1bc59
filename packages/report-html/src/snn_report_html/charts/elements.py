"""Elements of SVG as escaped markup: nothing that a name or a text says can become a tag."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

WIDTH = 400.0
"""The width of every chart, in units of its view box, which are pixels on a telephone."""
CHARACTER = 6.3
"""The width of a character of the charts' text, about."""
BOLD = 7.9
"""That of a bold one, in a wide font."""


def number(value: float) -> str:
    """Return a coordinate, to a tenth of a pixel.

    Examples
    --------
    >>> number(12.0), number(0.25), number(-0.04)
    ('12', '0.2', '0')
    """
    text = f"{value:.1f}"
    text = text.removesuffix(".0")
    return "0" if text == "-0" else text


def tag(name: str, *children: str, **attributes: object) -> Markup:
    """Return an element; ``class_`` is its class, underscores become hyphens, and None leaves an attribute out.

    Examples
    --------
    >>> str(tag("text", "a < b", x=1.5, class_="name"))
    '<text x="1.5" class="name">a &lt; b</text>'
    """
    words = [name]
    for key, value in attributes.items():
        if value is not None:
            text = number(value) if isinstance(value, float) else value
            words.append(f'{key.rstrip("_").replace("_", "-")}="{escape(text)}"')
    inside = "".join(escape(child) for child in children)
    return Markup(f"<{' '.join(words)}>{inside}</{name}>" if inside else f"<{' '.join(words)}/>")  # noqa: S704  escaped


def chart(title: str, description: str, height: float, parts: Iterable[Markup], width: float = WIDTH) -> Markup:
    """Return a whole chart of ``parts``."""
    return tag(
        "svg",
        tag("title", title),
        tag("desc", description),
        *parts,
        viewBox=f"0 0 {number(width)} {number(height)}",
        role="img",
        class_="chart",
    )


def text(x: float, y: float, content: str, kind: str = "", anchor: str | None = None) -> Markup:
    """Return a line of text."""
    return tag("text", content, x=x, y=y, class_=kind or None, text_anchor=anchor)


def shortened(content: str, width: float) -> str:
    """Return ``content``, set in bold, with its middle left out where it is longer than ``width``.

    Examples
    --------
    >>> shortened("block_12_project_BN", 90)
    'block…ct_BN'
    """
    most = max(3, int(width / BOLD))
    if len(content) <= most:
        return content
    front = (most - 1) // 2
    return f"{content[:front]}…{content[front + 1 - most :]}"
