from pathlib import Path

import pandas as pd
import pytest

from model.errors import InvalidData
from training.data import COLUMNS, csv_files, read_labelled, write_file

GOOD = {
    "id": "x-1",
    "text": "my knee, it clicks",
    "language": "en",
    "service": "physiotherapy",
    "flags": "",
    "contrast": "",
    "source": "x",
    "annotator": "author",
    "created": "2026-11-23",
}


def write(folder: Path, *rows: dict[str, str], name: str = "x.csv") -> Path:
    file = folder / name
    write_file(pd.DataFrame([GOOD | row for row in rows]), file)
    return file


def complaints(*paths: Path) -> list[str]:
    with pytest.raises(InvalidData) as caught:
        read_labelled(paths)
    return [line.rsplit("/", 1)[-1] for line in caught.value.complaints]


def test_the_corpus_keeps_the_form(root: Path) -> None:
    enquiries = read_labelled([root / "data" / "labelled"])
    assert len(enquiries) >= 5_274
    assert {enquiry.language for enquiry in enquiries} == {"en", "es"}


def test_rows_come_back_as_written(tmp_path: Path) -> None:
    file = write(tmp_path, {"text": 'two\nlines, "quoted"', "flags": "minor recent_surgery", "contrast": "past"})
    (enquiry,) = read_labelled([file])
    assert enquiry.text == 'two\nlines, "quoted"'
    assert enquiry.flags == {"minor", "recent_surgery"}
    assert enquiry.contrast == "past"


def test_the_word_nan_is_text(tmp_path: Path) -> None:
    assert read_labelled([write(tmp_path, {"text": "nan"})])[0].text == "nan"


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"id": ""}, "x.csv, row 2, id: is empty; give each row a name of its own"),
        ({"text": " "}, "x.csv, row 2, text: is empty; write the enquiry or delete the row"),
        ({"language": "english"}, "x.csv, row 2, language: must be a two-letter language code such as en or es"),
        ({"service": "massaje"}, "x.csv, row 2, service: must be one of physiotherapy, massage, other"),
        ({"flags": "clot"}, "x.csv, row 2, flags: must be codes of the taxonomy separated by spaces"),
        ({"flags": "minor minor"}, "x.csv, row 2, flags: holds a code twice"),
        ({"contrast": "negated"}, "x.csv, row 2, contrast: must be one of empty, denied, past, "),
        ({"source": ""}, "x.csv, row 2, source: is empty; say who wrote it"),
        ({"created": "23/11/2026"}, "x.csv, row 2, created: must be a date such as 2026-11-24"),
        (
            {"flags": "suspected_clot", "contrast": "past"},
            "x.csv, row 2, flags: contrast must be empty beside an emergency or urgent flag",
        ),
        ({"flags": "out_of_scope"}, "x.csv, row 2, flags: out_of_scope goes with service other only"),
        (
            {"service": "other"},
            "x.csv, row 2, flags: service other needs out_of_scope exactly when no other flag says why",
        ),
        (
            {"service": "other", "flags": "out_of_scope complaint_or_legal"},
            "x.csv, row 2, flags: service other needs out_of_scope exactly when no other flag says why",
        ),
        ({"service": "other", "flags": "minor"}, "x.csv, row 2, flags: service other needs out_of_scope exactly"),
    ],
)
def test_a_bad_row_is_named_with_its_column_and_remedy(tmp_path: Path, row: dict[str, str], complaint: str) -> None:
    (line,) = complaints(write(tmp_path, row))
    assert line.startswith(complaint)


def test_all_complaints_come_at_once_in_the_order_of_files_and_rows(tmp_path: Path) -> None:
    write(tmp_path, {}, {"id": "x-2", "service": "?", "language": "?"}, name="a.csv")
    write(tmp_path, {"id": "x-3", "contrast": "?"}, name="b.csv")
    assert [line.split(":")[0] for line in complaints(tmp_path)] == [
        "a.csv, row 3, language",
        "a.csv, row 3, service",
        "b.csv, row 2, contrast",
    ]


def test_an_id_stands_once_in_all_files_together(tmp_path: Path) -> None:
    write(tmp_path, {}, name="a.csv")
    write(tmp_path, {}, name="b.csv")
    assert complaints(tmp_path) == ["id 'x-1' stands 2 times; give each row its own"]


def test_a_complaint_never_quotes_the_enquiry(tmp_path: Path) -> None:
    assert "clicks" not in "".join(complaints(write(tmp_path, {"service": "?", "flags": "?"})))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    pd.DataFrame([{key: value for key, value in GOOD.items() if key != "service"}]).to_csv(file, index=False)
    assert complaints(file) == ["x.csv, row 1: lacks the column service; add it to the header"]


def test_a_file_that_is_not_utf8_says_how_to_save_it(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(",".join(COLUMNS).encode() + "\nx-1,me dolió".encode("latin-1"))
    assert complaints(file) == ["x.csv: is not UTF-8; save it as 'CSV UTF-8'"]


def test_a_path_that_is_not_there_and_a_folder_without_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidData, match="there is no such file or folder"):
        list(csv_files([tmp_path / "no.csv"]))
    with pytest.raises(InvalidData, match=r"holds no \.csv file"):
        list(csv_files([tmp_path]))
