"""Read a page as a browser does, as far as tests need it, and complain where it is not well formed."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

_EMPTY = {"meta", "img", "br", "hr", "link", "input"}
_STRICT = {"svg", "g", "path", "rect", "circle", "text", "desc"}


class Page(HTMLParser):
    """The elements, the text and the attributes of a page."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.attributes, self.texts = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in _EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open, f"closed but never opened: {tag}"
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.texts.append(data)

    @property
    def text(self):
        """All that is to be read, with single spaces."""
        return re.sub(r"\s+", " ", " ".join(self.texts).replace("\u202f", " "))


def charts(text):
    """Return every chart of a page as XML."""
    return [ET.fromstring(found) for found in re.findall(r"<svg .*?</svg>", text, re.DOTALL)]  # noqa: S314  our own
