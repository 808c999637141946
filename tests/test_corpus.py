"""The corpus as it is shipped, and what is said of one that is not in order."""

import re
import tomllib
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from model.errors import InvalidData
from model.taxonomy import Urgency, alarm_codes, taxonomy
from training.agreement import Kappa, SecondLabels, compare
from training.cli import triage
from training.corpus import Corpus, likeness, read_corpus, too_alike
from training.data import LabelledEnquiry, read_labelled
from training.plots import draw_corpus

ROW = {
    "id": "x-1", "text": "my knee clicks when I take the stairs", "language": "en", "service": "physiotherapy",
    "flags": "", "contrast": "", "source": "x", "annotator": "author", "created": "2026-11-23",
}  # fmt: skip
ITEM = {
    "id": "c-1-en", "pair": "c-1", "text": "no fever", "language": "en", "code": "suspected_infection",
    "reading": "denied", "construction": "denial", "expected_flags": "",
}  # fmt: skip


@pytest.fixture(scope="module")
def corpus(root: Path) -> Corpus:
    return read_corpus([root / "data"])


@pytest.fixture(scope="module")
def sources(root: Path) -> dict[str, dict[str, str]]:
    return tomllib.loads((root / "data" / "sources.toml").read_text("utf-8"))


def by_code(corpus: Corpus) -> Counter[tuple[str, str]]:
    return Counter((code, row.language) for row in corpus.labelled for code in row.flags)


def test_there_are_ten_thousand_enquiries_half_in_each_language(corpus: Corpus) -> None:
    languages = Counter(row.language for row in corpus.labelled)
    assert sum(languages.values()) >= 10_000
    assert abs(languages["en"] - languages["es"]) < 0.05 * len(corpus.labelled)


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("code", alarm_codes())
def test_each_alarm_has_150_enquiries_in_each_language(corpus: Corpus, code: str, language: str) -> None:
    assert by_code(corpus)[code, language] >= 150


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(
    "code", [code for code, flag in taxonomy().items() if flag.kind == "annotated" and flag.urgency <= Urgency.REVIEW]
)
def test_each_other_flag_has_60_enquiries_in_each_language(corpus: Corpus, code: str, language: str) -> None:
    assert by_code(corpus)[code, language] >= 60


def test_contrast_other_borderline_and_everyday_enquiries_are_plenty(
    corpus: Corpus, sources: dict[str, dict[str, str]]
) -> None:
    borderline = {name for name, entry in sources.items() if entry["kind"] == "borderline"}
    plain = [row for row in corpus.labelled if not row.flags and not row.contrast and row.source not in borderline]
    assert sum(bool(row.contrast) for row in corpus.labelled) >= 2_000
    assert sum(row.service == "other" for row in corpus.labelled) >= 1_500
    assert sum(row.source in borderline for row in corpus.labelled) >= 1_200
    assert len(plain) >= 4_000


def test_texts_are_as_long_as_real_ones_and_seldom_name_the_service(corpus: Corpus) -> None:
    words = sorted(len(row.text.split()) for row in corpus.labelled)
    assert 25 <= words[len(words) // 2] <= 35
    assert words[-1] <= 185
    about = [row.text.lower() for row in corpus.labelled if row.service != "other"]
    named = sum(any(word in text for word in ("massage", "masaje", "physio", "fisio")) for text in about)
    assert named / len(about) < 1 / 3


def test_no_set_repeats_itself(corpus: Corpus) -> None:
    for rows in corpus.sets.values():
        assert too_alike(likeness([row.text for row in rows])) == []


def test_forty_authors_and_more_are_described_and_the_frozen_ones_wrote_nothing_else(
    corpus: Corpus, sources: dict[str, dict[str, str]]
) -> None:
    training, frozen = {row.source for row in corpus.labelled}, {row.source for row in corpus.test}
    assert len(training) >= 40
    assert not training & frozen
    assert training | frozen <= sources.keys()


def test_the_frozen_test_has_its_four_parts(corpus: Corpus) -> None:
    assert Counter(row.part for row in corpus.test) == {
        "everyday": 600,
        "flags": 300,
        "contrast": 150,
        "borderline": 150,
    }


def test_the_challenge_set_is_in_pairs_over_all_alarms(corpus: Corpus) -> None:
    assert len(corpus.challenge) == 600
    assert {item.code for item in corpus.challenge} == set(alarm_codes())


def test_a_second_annotator_agreed_on_a_tenth(corpus: Corpus) -> None:
    found = compare(corpus.by_id, corpus.second, seed=1)
    assert found.enquiries >= 0.1 * len(corpus.labelled)
    assert found.service.value >= 0.85
    assert found.escalate.value >= 0.85


def write(folder: Path, name: str, *rows: dict[str, str]) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    pd.DataFrame(rows).to_csv(folder / name, index=False)


def complaints(folder: Path) -> str:
    with pytest.raises(InvalidData) as caught:
        read_corpus([folder])
    return str(caught.value).replace(f"{folder}/", "")


def test_a_text_that_stands_twice_is_named(tmp_path: Path) -> None:
    write(tmp_path, "labelled/a.csv", ROW, ROW | {"id": "x-2", "text": "My knee clicks, when i take the stairs"})
    assert complaints(tmp_path) == "x-1 and x-2 are the same text; delete one"


def test_a_training_text_that_is_like_a_frozen_one_leaks(tmp_path: Path) -> None:
    write(tmp_path, "labelled/a.csv", ROW)
    write(tmp_path, "test/t.csv", ROW | {"id": "t-1", "text": "my knee clicks if I take the stairs"})
    assert complaints(tmp_path) == "x-1 is too much like t-1 of a frozen set; delete it from the training texts"


def test_second_labels_of_an_enquiry_that_is_not_there_are_named(tmp_path: Path) -> None:
    write(tmp_path, "labelled/a.csv", ROW)
    second = {"id": "x-9", "service": "massage", "flags": "", "contrast": "", "annotator": "b", "created": "2026-11-24"}
    write(tmp_path, "second/b.csv", second)
    assert complaints(tmp_path) == "second labels name 'x-9', which no file has"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"reading": "maybe"}, "challenge/c.csv, row 2, reading: must be one of stated, denied"),
        (
            {"reading": "stated"},
            "challenge/c.csv, row 2, flags: expected_flags must be given exactly when reading is stated",
        ),
        ({"code": "minor"}, "challenge/c.csv, row 2, code: must be one of cauda_equina"),
        ({}, "challenge/c.csv: pair 'c-1' must be an English and a Spanish item"),
    ],
)
def test_a_challenge_item_out_of_form_is_named(tmp_path: Path, change: dict[str, str], complaint: str) -> None:
    write(tmp_path, "challenge/c.csv", ITEM | change)
    assert complaint in complaints(tmp_path)


def test_texts_too_much_alike_are_told() -> None:
    lines = too_alike(likeness(["please call me back about my knee today"] * 3 + ["something else"]))
    assert lines[0] == "75.00% of the texts have a near twin; at most 1% may"
    assert "'please call me back about my' stand in 75.00%" in lines[1]


def labelled(name: str, service: str, *flags: str) -> LabelledEnquiry:
    return LabelledEnquiry(name, "", "en", service, frozenset(flags), "", "x")  # type: ignore[arg-type]


def test_kappa_is_one_for_equal_labels_and_none_for_chance() -> None:
    first = {
        str(n): labelled(str(n), "massage" if n % 2 else "other", *(["minor"] if n % 4 < 2 else [])) for n in range(40)
    }
    same = [SecondLabels(row.id, row.service, row.flags) for row in first.values()]
    found = compare(first, same, seed=1)
    assert found.service == Kappa(1.0, 1.0, 1.0, 1.0)
    assert found.differing == ()
    shuffled = [SecondLabels(row.id, row.service, first[str((int(row.id) + 1) % 40)].flags) for row in first.values()]
    half = compare(first, shuffled, seed=1).escalate
    assert half.value == pytest.approx(0)
    assert half.low < 0 < half.high


def test_data_commands_show_counts_agreement_and_plots(run: CliRunner, root: Path, tmp_path: Path) -> None:
    frozen, second = str(root / "data" / "test"), str(root / "data" / "second" / "test.csv")
    checked = run.invoke(triage, ["data", "check", frozen])
    assert checked.exit_code == 0, checked.output
    assert "form, duplicates and leakage all well" in checked.output
    assert "Cohen's kappa" in run.invoke(triage, ["data", "agreement", frozen, second]).output
    drawn = run.invoke(triage, ["data", "stats", frozen, "--plots", str(tmp_path)])
    assert drawn.exit_code == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["flags.svg", "lengths.svg"]


def test_the_page_of_a_corpus_needs_nothing_else_and_quotes_nobody(
    run: CliRunner, root: Path, small_data: list[Path], tmp_path: Path
) -> None:
    page = tmp_path / "corpus.html"
    sources = [str(small_data[0]), str(small_data[1]), str(root / "data" / "languages")]
    shown = run.invoke(triage, ["data", "stats", *sources, "--html", str(page)])
    assert shown.exit_code == 0, shown.output
    written = page.read_text("utf-8")
    enquiries = read_labelled(small_data[:2])
    assert f"<strong>{len(enquiries)}</strong><span>enquiries</span>" in written
    headings = re.findall(r"<h2>(.*?)</h2>", written)
    assert headings[:4] == ["Which service?", "Which flags?", "How long?", "Who wrote them?"]
    assert headings[-3:] == ["Which other languages?", "How alike are they?", "In numbers"]
    assert written.count("<svg") == len(headings) - 1
    assert re.findall(r"<(?:script|link|img|iframe)\b|src=|url\(h", written) == []
    assert [row.id for row in enquiries if len(row.text) > 20 and row.text in written] == []


def test_a_page_never_takes_the_place_of_another_kind_of_file(run: CliRunner, tmp_path: Path) -> None:
    kept = tmp_path / "s1.csv"
    kept.write_text("mine")
    shown = run.invoke(triage, ["data", "stats", str(kept), "--html", str(kept)])
    assert (shown.exit_code, "must end in .html" in shown.stderr, kept.read_text()) == (2, True, "mine")


def test_the_datasheets_plots_are_those_of_the_data(corpus: Corpus, root: Path, tmp_path: Path) -> None:
    for file in draw_corpus([*corpus.labelled, *corpus.test], tmp_path):
        kept = root / "data" / "plots" / file.name
        assert file.read_text() == kept.read_text(), f"draw {file.name} again: triage data stats --plots data/plots"


def test_the_datasheet_counts_what_is_there(corpus: Corpus, root: Path) -> None:
    sheet = (root / "data" / "README.md").read_text("utf-8")
    services = Counter(str(row.service) for row in corpus.labelled)
    for number in (len(corpus.labelled), *services.values(), sum(bool(row.contrast) for row in corpus.labelled)):
        assert f" {number:,} |" in sheet
    total = sum(map(len, corpus.sets.values()))
    assert sheet.split("\n\n")[1].startswith(f"{total:,} short texts")
