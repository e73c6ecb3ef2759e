"""What a piece of HTML says, in time that grows with its length alone."""

from __future__ import annotations

import html
import re

_BLOCKS = {
    "br", "p", "div", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "blockquote",
    "section", "article", "header", "footer", "dt", "dd", "pre",
}  # fmt: skip
_TAG_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]*)")
_ENDS = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style")}
"""Ends of what is never shown. No expression here looks at a character twice."""


def plain_text(text: str) -> str:
    """Return the text of HTML: a line for each of its lines, no markup, no blank lines."""
    lines = (" ".join(line.split()) for line in html.unescape(_without_tags(text)).split("\n"))
    return "\n".join(line for line in lines if line)


def _without_tags(text: str) -> str:
    parts: list[str] = []
    position = 0
    while (start := text.find("<", position)) >= 0:
        parts.append(text[position:start])
        name = _TAG_NAME.match(text, start + 1)
        if name is None and text[start + 1 : start + 2] not in ("!", "?"):
            parts.append("<")
            position = start + 1
            continue
        closing = "-->" if text.startswith("<!--", start) else ">"
        end = text.find(closing, start)
        position = len(text) if end < 0 else end + len(closing)
        if name is not None:
            tag = name[1].lower()
            parts.append("\n" if tag in _BLOCKS else "")
            if tag in _ENDS and not name[0].startswith("/"):
                hidden = _ENDS[tag].search(text, position)
                position = hidden.start() if hidden else len(text)
    parts.append(text[position:])
    return "".join(parts)
