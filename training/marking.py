"""An enquiry as HTML, with the words that raised a flag marked and mentions that were set aside struck through."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Any

import pandas as pd

_TEXT = "text-align:left;min-width:22em;max-width:38em;white-space:pre-wrap"


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


def listing(rows: pd.DataFrame, columns: Mapping[str, str]) -> str:
    """Predictions as an HTML table: the marked text, then the columns given, under their titles.

    rows : at least `text`, `flags`, `set_aside` and the columns
    columns : column by title; sets are joined, floats shown as per cent
    """
    if not len(rows):
        return "<p><em>None.</em></p>"
    head = "".join(f"<th scope='col'>{escape(title)}</th>" for title in ("asked", *columns))
    body = [
        f"<tr><td style='{_TEXT}'>{marked(text, flags, aside)}</td>"
        + "".join(f"<td style='text-align:left;vertical-align:top'>{_cell(value)}</td>" for value in values)
        + "</tr>"
        for text, flags, aside, *values in zip(
            rows["text"], rows["flags"], rows["set_aside"], *(rows[column] for column in columns.values()), strict=True
        )
    ]
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.0%}"
    if isinstance(value, (frozenset, set, list, tuple)):
        return escape(", ".join(sorted(str(part) for part in value)) or "none")
    return escape(str(value))
