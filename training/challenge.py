"""The context challenge set: short items, English and Spanish in pairs of the same construction.

A file is CSV in UTF-8 with the columns `id, pair, text, language, code, reading, construction, expected_flags`: the
sign that the item turns on, whether the text states it (`stated`) or why not, how it is built, and the emergency and
urgent codes that must be raised (separated by spaces, none when the sign is not stated).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from model.taxonomy import alarm_codes
from training.data import CONTRASTS, check_cell, one_of, read_table

COLUMNS = ("id", "pair", "text", "language", "code", "reading", "construction", "expected_flags")
READINGS = ("stated", *(contrast for contrast in CONTRASTS if contrast != "homonym"))


@dataclass(frozen=True, slots=True)
class ChallengeItem:
    """One row of the challenge set."""

    id: str
    pair: str
    text: str
    language: str
    code: str
    reading: str
    construction: str
    expected: frozenset[str]


def read_challenge_file(file: Path) -> tuple[list[ChallengeItem], list[str]]:
    """One file's items, and what is wrong with it (then no items)."""
    frame, complaints = read_table(file, COLUMNS, _SCHEMA)
    if not complaints:
        complaints = [
            f"{file}: pair {pair!r} must be an English and a Spanish item of the same code, reading and construction"
            for pair, rows in frame.groupby("pair")
            if sorted(rows["language"]) != ["en", "es"]
            or len(rows[["code", "reading", "construction"]].drop_duplicates()) > 1
        ]
    return ([] if complaints else list(_items(frame))), complaints


def _items(frame: pd.DataFrame) -> Iterator[ChallengeItem]:
    for row in frame.itertuples(index=False):
        yield ChallengeItem(
            id=str(row.id),
            pair=str(row.pair),
            text=str(row.text),
            language=str(row.language),
            code=str(row.code),
            reading=str(row.reading),
            construction=str(row.construction),
            expected=frozenset(str(row.expected_flags).split()),
        )


_SCHEMA = pa.DataFrameSchema(
    {
        "id": pa.Column(str, check_cell("is empty; give each row a name of its own", lambda cell: bool(cell.strip()))),
        "text": pa.Column(
            str, check_cell("is empty; write the item or delete the row", lambda cell: bool(cell.strip()))
        ),
        "language": pa.Column(str, check_cell(one_of(("en", "es")), lambda cell: cell in {"en", "es"})),
        "code": pa.Column(str, check_cell(one_of(alarm_codes()), lambda cell: cell in alarm_codes())),
        "reading": pa.Column(str, check_cell(one_of(READINGS), lambda cell: cell in READINGS)),
        "construction": pa.Column(str, check_cell("is empty; say how it is built", lambda cell: bool(cell.strip()))),
        "expected_flags": pa.Column(
            str,
            check_cell(
                "must be emergency or urgent codes separated by spaces",
                lambda cell: set(cell.split()) <= set(alarm_codes()),
            ),
        ),
    },
    checks=[
        pa.Check(
            lambda frame: (frame["reading"] == "stated") == (frame["expected_flags"] != ""),
            error="expected_flags must be given exactly when reading is stated",
        )
    ],
)
