"""Counts over labelled enquiries and challenge items."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from training.challenge import ChallengeItem
from training.data import LabelledEnquiry

Row = LabelledEnquiry | ChallengeItem


def count(rows: Sequence[Row]) -> dict[str, Any]:
    """Tables by language, number of authors, and length in words, ready for JSON."""
    languages = sorted({row.language for row in rows})
    lengths = np.array([len(row.text.split()) for row in rows] or [0])
    tenth, median, ninetieth = np.quantile(lengths, [0.1, 0.5, 0.9])
    return {
        "texts": len(rows),
        "sources": len({_source(row) for row in rows}),
        "languages": languages,
        "words": {
            "shortest": int(lengths.min()),
            "tenth": float(tenth),
            "median": float(median),
            "ninetieth": float(ninetieth),
            "longest": int(lengths.max()),
        },
        "tables": {title: _by_language(pairs, languages) for title, pairs in _tables(rows).items()},
    }


def _source(row: Row) -> str:
    return row.source if isinstance(row, LabelledEnquiry) else row.id.split("-")[0]


def _tables(rows: Sequence[Row]) -> dict[str, list[tuple[str, str]]]:
    enquiries = [row for row in rows if isinstance(row, LabelledEnquiry)]
    items = [row for row in rows if isinstance(row, ChallengeItem)]
    tables: dict[str, list[tuple[str, str]]] = {}
    if enquiries:
        if any(row.part for row in enquiries):
            tables["part"] = [(row.part, row.language) for row in enquiries]
        tables["service"] = [(str(row.service), row.language) for row in enquiries]
        tables["flags"] = [(code, row.language) for row in enquiries for code in row.flags or {"(none)"}]
        tables["contrast"] = [(row.contrast or "(none)", row.language) for row in enquiries]
    if items:
        tables["reading"] = [(item.reading, item.language) for item in items]
        tables["construction"] = [(item.construction, item.language) for item in items]
        tables["code"] = [(item.code, item.language) for item in items]
    return tables


def _by_language(pairs: Iterable[tuple[str, str]], languages: Sequence[str]) -> dict[str, dict[str, int]]:
    counter = Counter(pairs)
    names = sorted(
        {name for name, _ in counter}, key=lambda name: (-sum(counter[name, code] for code in languages), name)
    )
    return {name: {language: counter[name, language] for language in languages} for name in names}
