"""An enquiry as HTML, with the words that raised a flag marked and mentions that were set aside struck through."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Any


def marked(text: str | None, flags: Sequence[Mapping[str, Any]], set_aside: Sequence[Mapping[str, Any]]) -> str:
    """The text, escaped; a flag's evidence in `<mark>`, a mention set aside in `<s>`, each titled with its code.

    flags, set_aside : as the log keeps them: `evidence` is a list of spans of the text
    """
    if text is None:
        return "<em>(the text was not kept)</em>"
    spans = [(span["start"], span["end"], "mark", flag["code"]) for flag in flags for span in flag["evidence"]]
    spans += [(span["start"], span["end"], "s", _why(item)) for item in set_aside for span in item["evidence"]]
    edges = sorted({0, len(text), *(edge for start, end, *_ in spans for edge in (start, end) if edge <= len(text))})
    pieces: list[str] = []
    for start, end in pairwise(edges):
        piece = escape(text[start:end])
        for first, last, tag, title in spans:
            if first <= start and end <= last:
                piece = f'<{tag} title="{escape(title)}">{piece}</{tag}>'
        pieces.append(piece)
    return "".join(pieces)


def _why(mention: Mapping[str, Any]) -> str:
    return f"{mention['code']}: {mention['axis']} ({mention['cue']})"
