"""From the cells of a spreadsheet to labelled rows: which column is what, which word means which label."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files

import pandas as pd

from model.decision import EXPLAINS_OTHER
from model.errors import InvalidFile
from model.language import SUPPORTED, identify
from model.taxonomy import annotated_codes
from model.text import fold
from model.types import Service
from training.data import COLUMNS, CONTRASTS
from training.sheets import Cells, Sheet

_HEADER_WITHIN = 10
_NEEDED = ("text", "service")
_SHORT_DATE = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?:[ T].*)?")
_ISO_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T].*)?")
# Excel counts days from here; five digits are the years 1927 to 2173.
_EXCEL_EPOCH = date(1899, 12, 30)


@dataclass(frozen=True, slots=True)
class Origin:
    """What holds for every row that does not say otherwise."""

    name: str
    source: str
    annotator: str
    today: date


@dataclass(slots=True)
class Draft:
    """Rows on their way into the corpus.

    frame : columns of the corpus, index: row in the file
    reasons : by row in the file, what keeps it out
    mapping : the file's column by the corpus's; a flag's own column by its code
    ignored : columns that nothing was read from
    derived : rows to which `out_of_scope` was added
    """

    frame: pd.DataFrame
    raw: dict[int, Cells]
    header: Cells
    mapping: dict[str, str]
    ignored: list[str]
    reasons: dict[int, list[str]] = field(default_factory=dict)
    derived: int = 0

    def refuse(self, row: int, reason: str) -> None:
        """Keep a row out, saying why."""
        self.reasons.setdefault(row, []).append(reason)


def draft(sheet: Sheet, origin: Origin) -> Draft:
    """Read a sheet's rows into the corpus's columns; what cannot be read is in `reasons`.

    Raises InvalidFile when the columns cannot be told.
    """
    place, header = _header(sheet)
    mapping = _mapped(sheet, header)
    flag_columns = {header.index(title): code for code, title in mapping.items() if code in annotated_codes()}
    body = sheet.rows[place + 1 :]
    made = Draft(
        frame=pd.DataFrame(),
        raw=dict(body),
        header=header,
        mapping=mapping,
        ignored=[title for title in header if title.strip() and title not in mapping.values()],
    )
    at = {column: header.index(title) for column, title in mapping.items() if column in COLUMNS}
    month_first = "created" in at and _month_first(
        [cells[at["created"]] for _, cells in body if len(cells) > at["created"]]
    )
    rows: dict[int, dict[str, str]] = {}
    for number, cells in body:
        if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
            made.refuse(
                number, f"has {len(cells)} cells, the header {len(header)}; put a text with separators in quotes"
            )
        padded = cells + [""] * (len(header) - len(cells))
        given = {column: padded[index] for column, index in at.items()}
        ticked = {code: padded[index] for index, code in flag_columns.items()}
        rows[number] = _row(made, number, given, ticked, origin, month_first)
    made.frame = pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS))
    return made


def _header(sheet: Sheet) -> tuple[int, Cells]:
    for place, (_, cells) in enumerate(sheet.rows[:_HEADER_WITHIN]):
        meant = {_columns().get(_plain(cell)) for cell in cells}
        if set(_NEEDED) <= meant:
            return place, [cell.strip() for cell in cells]
    # The cells are not quoted: without a header the first row is an enquiry.
    raise InvalidFile(
        sheet.file,
        "columns",
        "none for text and service; name them in the first row, as 'mensaje' and 'servicio'",
    )


def _mapped(sheet: Sheet, header: Cells) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for title in header:
        meant = _columns().get(_plain(title)) or _words("flags").get(_plain(title))
        if meant in mapping:
            raise InvalidFile(
                sheet.file,
                "columns",
                f"both {mapping[meant]!r} and {title!r} mean {meant}; rename the one that does not",
            )
        if meant:
            mapping[meant] = title
    return mapping


def _row(
    made: Draft, number: int, given: Mapping[str, str], ticked: Mapping[str, str], origin: Origin, month_first: bool
) -> dict[str, str]:
    def read(column: str, words: Mapping[str, str], remedy: str) -> str:
        cell = given.get(column, "")
        if (word := _plain(cell)) in words:
            return words[word]
        if cell.strip():
            made.refuse(number, f"{column}: {remedy}")
        return ""

    text = given["text"].replace("\r\n", "\n").strip()
    if _garbled(text):
        made.refuse(
            number, "text: its accents are garbled (UTF-8 read as Windows-1252); export it again as 'CSV UTF-8'"
        )
    service = read("service", _words("service"), "write fisioterapia, masaje or otro (physiotherapy, massage, other)")
    if not given["service"].strip():
        made.refuse(number, "service: is empty; write fisioterapia, masaje or otro (physiotherapy, massage, other)")
    flags = _flags(made, number, given.get("flags", ""), ticked)
    if service == Service.OTHER and not flags & EXPLAINS_OTHER and "out_of_scope" not in flags:
        flags.add("out_of_scope")
        made.derived += 1
    return {
        "id": given.get("id", "").strip() or f"{origin.name}-{number:04d}",
        "text": text,
        "language": read("language", _words("language"), "write es or en, or leave it empty")
        or _language(made, number, text),
        "service": service,
        "flags": " ".join(code for code in annotated_codes() if code in flags),
        "contrast": read("contrast", _words("contrast"), f"must be empty or one of {', '.join(CONTRASTS)}"),
        "source": given.get("source", "").strip() or origin.source,
        "annotator": given.get("annotator", "").strip() or origin.annotator,
        "created": _date(made, number, given.get("created", "").strip(), month_first, origin.today),
    }


def _language(made: Draft, number: int, text: str) -> str:
    if not text:
        return "en"
    found = identify(text)
    if found not in SUPPORTED:
        made.refuse(
            number, "language: seems neither English nor Spanish; write es or en in a column idioma, or delete the row"
        )
    return found


def _flags(made: Draft, number: int, cell: str, ticked: Mapping[str, str]) -> set[str]:
    words, flags = _words("flags"), set[str]()
    if _plain(cell) in words:
        flags.add(words[_plain(cell)])
    elif _truth(cell) is not False:
        strong = re.split(r"[,;|/\n]+", cell)
        for part in strong if len(strong) > 1 else cell.split():
            if _plain(part) in words:
                flags.add(words[_plain(part)])
            elif part.strip():
                made.refuse(number, "flags: must be codes of the annotation guide, with commas or spaces between")
    for code, tick in ticked.items():
        truth = _truth(tick)
        if truth is None:
            made.refuse(number, f"{made.mapping[code]}: must be yes or no (sí, no, x, VERDADERO, FALSO)")
        elif truth:
            flags.add(code)
    return flags


def _truth(cell: str) -> bool | None:
    """Whether a cell says yes; empty says no, another word is None."""
    if not cell.strip():
        return False
    meant = _words("truth").get(_plain(cell))
    return None if meant is None else meant == "yes"


def _month_first(cells: Sequence[str]) -> bool:
    """Whether short dates put the month first: some second number is no month, and no first one."""
    pairs = [tuple(map(int, found.groups()[:2])) for cell in cells if (found := _SHORT_DATE.fullmatch(cell.strip()))]
    return any(second > 12 for _, second in pairs) and not any(first > 12 for first, _ in pairs)


def _date(made: Draft, number: int, cell: str, month_first: bool, today: date) -> str:
    if not cell:
        return today.isoformat()
    try:
        if iso := _ISO_DATE.fullmatch(cell):
            return date(*map(int, iso.groups())).isoformat()
        if short := _SHORT_DATE.fullmatch(cell):
            first, second, year = map(int, short.groups())
            day, month = (second, first) if month_first else (first, second)
            return date(year + 2000 if year < 100 else year, month, day).isoformat()
        if re.fullmatch(r"\d{5}(?:\.\d+)?", cell):
            return (_EXCEL_EPOCH + timedelta(days=int(float(cell)))).isoformat()
        return datetime.fromisoformat(cell).date().isoformat()
    except ValueError:
        made.refuse(number, "created: must be a date such as 24/11/2026 or 2026-11-24")
        return today.isoformat()


def _garbled(text: str) -> bool:
    """Whether UTF-8 was read as Windows-1252 somewhere on the way."""
    if not ("Ã" in text or "Â" in text or "â€" in text):
        return False
    try:
        return text.encode("cp1252").decode("utf-8") != text
    except (UnicodeEncodeError, UnicodeDecodeError):
        return False


def _plain(word: str) -> str:
    return " ".join(re.findall(r"\w+", fold(word).replace("_", " ")))


@cache
def _table() -> dict[str, dict[str, list[str]]]:
    table: dict[str, dict[str, list[str]]] = tomllib.loads((files("training") / "import_words.toml").read_text("utf-8"))
    return table


@cache
def _words(kind: str) -> dict[str, str]:
    """What each word means, in plain form; a meaning's own name is among its words."""
    return {_plain(word): meaning for meaning, words in _table()[kind].items() for word in (meaning, *words)}


@cache
def _columns() -> dict[str, str]:
    return _words("columns")
