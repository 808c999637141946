"""`triage drift`: told when a month is unlike those before it or the corpus, quiet otherwise."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from logged import row
from sqlalchemy import text as sql

from service.log import PredictionLog
from training.cli import triage
from training.data import write_file

Fill = Callable[..., None]
SPANISH = {"language": "es", "text": "Me duele la rodilla al bajar escaleras. ¿Me podéis ver?", "service": "massage"}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A hundred enquiries, half of them Spanish ones for a massage."""
    (tmp_path / "labelled").mkdir()
    common = {"flags": "", "contrast": "", "source": "x", "annotator": "x", "created": "2026-01-01"}
    said = [row("", datetime.now(UTC)), SPANISH]
    rows = [
        {"id": f"x-{n}", **{column: said[n % 2][column] for column in ("text", "language", "service")}, **common}
        for n in range(100)
    ]
    write_file(pd.DataFrame(rows), tmp_path / "labelled" / "x.csv")
    return tmp_path / "labelled"


@pytest.fixture
def fill(log: PredictionLog) -> Fill:
    """Adds answers to a month; every second one is Spanish, for a massage, unless something else is said."""
    count = 0

    def add(month: int, answers: int, every: int = 2, **changes: Any) -> None:
        nonlocal count
        rows = []
        for number in range(answers):
            moment = datetime(2026, month, 1 + number % 28, 12, tzinfo=UTC)
            said = changes or (SPANISH if number % every == 0 else {})
            rows.append(row(f"id-{count}", moment, **said))
            count += 1
        log.add_rows(rows)

    return add


@pytest.fixture
def drift(run: CliRunner, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("TRIAGE_DATABASE_URL", f"sqlite:///{tmp_path}/triage.db")
    return lambda *options: run.invoke(triage, ["drift", "--month", "2026-11", "--data", str(corpus), *options])


def test_a_month_like_those_before_and_the_corpus_is_quiet(fill: Fill, drift: Callable[..., Result]) -> None:
    for month in (8, 9, 10, 11, 12):
        fill(month, 80)
    shown = drift()
    assert shown.exit_code == 0, shown.output
    assert "November 2026: 80 answers; 3 months before: 240 answers; corpus: 100 enquiries" in shown.output
    assert "No share is outside its limits." in shown.output


def test_a_month_that_changed_is_told_with_its_shares_and_limits_and_exit_code_1(
    fill: Fill, drift: Callable[..., Result]
) -> None:
    for month in (9, 10):
        fill(month, 80)
    fill(11, 80, every=1)
    shown = drift()
    assert shown.exit_code == 1
    assert "OUTSIDE in Spanish: 100.0 % of 80; 50.0 % in the months before, limits 3" in shown.output
    assert "OUTSIDE for massage: 100.0 % of 80; 50.0 % in the corpus, limits 2" in shown.output
    found = json.loads(drift("--json").output)
    (spanish,) = [one for one in found["shares"] if one["name"] == "in Spanish"]
    assert spanish["now"]["value"] == 1.0
    assert spanish["before"]["low"] < 0.5 < spanish["before"]["high"] < 1
    assert spanish["months"]["2026-09"] == {"share": 0.5, "of": 80}
    assert len(found["crossed"]) == len([line for line in shown.output.splitlines() if line.startswith("OUTSIDE")])


def test_a_difference_from_the_corpus_counts_in_the_month_in_which_it_arises(
    fill: Fill, drift: Callable[..., Result]
) -> None:
    fill(11, 80, every=1)
    first = drift()
    assert first.exit_code == 1
    assert "The months before are too few to judge by: 50 answers are needed." in first.output
    fill(10, 80, every=1)
    second = drift()
    assert second.exit_code == 0, second.output
    assert "(!)" in second.output


def test_few_answers_are_not_judged(fill: Fill, drift: Callable[..., Result]) -> None:
    fill(10, 80)
    fill(11, 49, every=1)
    shown = drift()
    assert shown.exit_code == 0
    assert "Too few to judge: 50 answers are needed." in shown.output
    assert json.loads(drift("--json").output)["judged"] is False


def test_a_month_without_any_answer_is_not_judged(fill: Fill, drift: Callable[..., Result]) -> None:
    fill(10, 80)
    assert "November 2026: 0 answers" in drift().output


def test_words_are_told_that_are_new_and_stand_in_enough_texts(fill: Fill, drift: Callable[..., Result]) -> None:
    fill(10, 80)
    fill(11, 70)
    fill(11, 5, text="My elbow after pickleball hurts, can you help?")
    fill(11, 4, text="My knee after kitesurfing hurts, can you help?")
    words = {word["word"]: word for word in json.loads(drift("--json").output)["words"]["en"]}
    assert words["pickleball"] == {"word": "pickleball", "now": 5, "before": 0, "corpus": 0}
    assert "kitesurfing" not in words
    assert "knee" not in words
    assert "pickleball 5 (0; 0)" in drift().output


def test_what_the_log_does_not_keep_is_not_judged(fill: Fill, drift: Callable[..., Result]) -> None:
    for month in (10, 11):
        fill(month, 80, text=None)
    shares = {one["name"]: one for one in json.loads(drift("--json").output)["shares"]}
    assert shares["to 12 words"]["now"] == {"value": None, "low": 0.0, "high": 1.0, "of": 0}
    assert shares["to 12 words"]["before"] is None
    assert shares["routed"]["before"] is not None


def test_a_new_model_is_told_before_the_enquiries_are_blamed(fill: Fill, drift: Callable[..., Result]) -> None:
    fill(10, 80)
    fill(11, 80, model_version="20261102-cccccc")
    assert "New this month: model 20261102-cccccc" in drift().output


def test_the_score_of_novelty_is_told_where_it_is_logged(
    fill: Fill, drift: Callable[..., Result], log: PredictionLog
) -> None:
    for month in (10, 11):
        fill(month, 80)
    assert list(json.loads(drift("--json").output)["quantiles"]) == ["confidence"]
    with log.database.session(writing=True) as session:
        session.execute(sql("ALTER TABLE predictions ADD COLUMN novelty FLOAT DEFAULT 0.25"))
    assert json.loads(drift("--json").output)["quantiles"]["novelty"]["now"] == [0.25] * 5


def test_mistakes_are_one_sentence(
    run: CliRunner, drift: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert (drift().exit_code, "there is none at" in drift().stderr) == (2, True)
    monkeypatch.setenv("TRIAGE_DATABASE_URL", "nonsense")
    assert (drift().exit_code, "no SQLAlchemy URL" in drift().stderr) == (2, True)
    missing = run.invoke(triage, ["drift", "--data", str(tmp_path / "no")])
    assert (missing.exit_code, "there is no such file" in missing.stderr) == (2, True)
    assert run.invoke(triage, ["drift", "--month", "November"]).exit_code == 2
