"""Labels in doubt as an Excel workbook: to be read from the top, mended in place, and imported again."""

from collections.abc import Sequence
from pathlib import Path

import openpyxl
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from training.doubts import Doubt

_WIDTHS = {"rank": 6, "why": 50, "suggestion": 24, "text": 70, "flags": 28}


def write_workbook(doubts: Sequence[Sequence[Doubt]], labels: Sequence[dict[str, str]], target: Path) -> None:
    """Write a row for each enquiry in doubt: rank, why, suggestion, and its columns as the corpus has them.

    labels : the corpus's columns of all enquiries, in the order that the doubts' rows count
    """
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("doubts")
    sheet.freeze_panes = "A2"
    header = ["rank", "why", "suggestion", *labels[0]] if labels else []
    for place, title in enumerate(header, 1):
        sheet.column_dimensions[get_column_letter(place)].width = _WIDTHS.get(title, 14)
    sheet.append([_cell(sheet, title, bold=True) for title in header])
    for rank, found in enumerate(doubts, 1):
        why = "; ".join(doubt.why for doubt in found)
        suggestion = " ".join(doubt.suggestion for doubt in found if doubt.suggestion)
        values = [why, suggestion, *labels[found[0].row].values()]
        sheet.append([rank, *(_cell(sheet, value) for value in values)])
    scratch = target.with_name(f".{target.name}.partial")
    book.save(scratch)
    scratch.replace(target)


def _cell(sheet: object, value: str, *, bold: bool = False) -> object:
    cell = openpyxl.cell.WriteOnlyCell(sheet, value=openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", value))
    cell.data_type = "s"  # a text that begins with = is no formula
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    cell.font = Font(bold=bold)
    return cell
