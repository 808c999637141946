"""The prediction log on SQLite and on PostgreSQL."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, inspect, text

from model.triage import TriageModel
from model.types import Enquiry
from service.log import LogUnavailable, PredictionLog, Row
from service.tables import Base
from training.cli import triage

NOW = datetime.now(UTC)
LATER = ("request_key", "request_digest", "channel")
"""Columns of `predictions` that came after the first step."""
ID = "0199a6f2-7c1e-7d3a-9a51-2f8e4c0b6d%02d"


@pytest.fixture
def kept(database_url: str) -> Iterator[PredictionLog]:
    opened = PredictionLog(database_url, "redacted")
    yield opened
    opened.close()


def row(log: PredictionLog, model: TriageModel, number: int = 1, age: int = 0, key: str | None = None) -> Row:
    """A row as the service makes it, some days old."""
    enquiry = Enquiry("my knee hurts, ring me on 612 34 56 78", ID % number)
    made = log.row(enquiry, model.predict_one(enquiry), (key, "digest") if key else None)
    return made | {"created": NOW - timedelta(days=age)}


def call(run: CliRunner, url: str, *arguments: str) -> Result:
    return run.invoke(triage, ["log", *arguments], env={"TRIAGE_DATABASE_URL": url})


def test_a_row_comes_back_as_it_was_given(kept: PredictionLog, model: TriageModel) -> None:
    given = row(kept, model)
    assert kept.add_rows([given]) == {ID % 1}
    found = kept.get(ID % 1)
    assert found is not None
    assert {column: getattr(found, column) for column in given} == given


def test_the_migrations_make_the_tables_that_the_code_describes(kept: PredictionLog, database_url: str) -> None:
    kept.check()
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()


def test_a_log_made_before_there_were_migrations_is_taken_on_with_its_rows(
    kept: PredictionLog, model: TriageModel, database_url: str
) -> None:
    kept.add_rows([row(kept, model)])
    kept.close()
    engine = create_engine(database_url)
    with engine.begin() as connection:
        for table in ("reviews", "erasures", "shadow_predictions", "api_keys", "alembic_version"):
            connection.execute(text(f"DROP TABLE IF EXISTS {table}"))
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"ALTER TABLE predictions {', '.join(f'DROP COLUMN {name}' for name in LATER)}"))
        else:
            connection.execute(text("CREATE TABLE old AS SELECT * FROM predictions"))
            for name in LATER:
                connection.execute(text(f"ALTER TABLE old DROP COLUMN {name}"))
            connection.execute(text("DROP TABLE predictions"))
            connection.execute(text("ALTER TABLE old RENAME TO predictions"))
            for column in ("created", "model_version", "decision", "urgency"):
                connection.execute(text(f"CREATE INDEX ix_predictions_{column} ON predictions ({column})"))
    found = kept.get(ID % 1)
    assert found is not None
    assert (found.request_key, found.channel) == (None, None)
    assert "reviews" in inspect(engine).get_table_names()
    engine.dispose()


def test_a_log_made_by_a_newer_release_is_left_alone_and_says_so(kept: PredictionLog, database_url: str) -> None:
    kept.check()
    kept.close()
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(LogUnavailable, match=r"^prediction log: it was made by a newer release of this program$"):
        kept.check()


def test_processes_that_open_a_new_log_at_once_all_succeed(database_url: str) -> None:
    faults: list[Exception] = []

    def open_it() -> None:
        log = PredictionLog(database_url, "redacted", patience=20)
        try:
            log.check()
        except LogUnavailable as error:
            faults.append(error)
        log.close()

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_a_row_given_twice_is_kept_once(kept: PredictionLog, model: TriageModel) -> None:
    rows = [row(kept, model, 1, key="a"), row(kept, model, 2)]
    kept.add_rows(rows)
    again = row(kept, model, 3, key="a")
    assert kept.add_rows([*rows, again, row(kept, model, 4)]) == {ID % 4}
    assert kept.get(ID % 3) is None
    assert kept.answered(["a", "b"])["a"].id == ID % 1


def test_what_is_erased_stays_erased(kept: PredictionLog, model: TriageModel) -> None:
    rows = [row(kept, model)]
    kept.add_rows(rows)
    assert kept.erase(ID % 1) is True
    assert kept.erase(ID % 1) is False
    assert kept.add_rows(rows) == set()
    assert kept.get(ID % 1) is None


def test_an_erased_text_leaves_no_trace_in_sqlites_files(model: TriageModel, tmp_path: Path) -> None:
    log = PredictionLog(f"sqlite:///{tmp_path}/log.db", "full")
    log.add_rows([row(log, model), row(log, model, 2) | {"text": "another matter"}])
    holding = [file for file in tmp_path.iterdir() if b"612 34 56 78" in file.read_bytes()]
    assert holding
    log.erase(ID % 1)
    assert [file for file in tmp_path.iterdir() if b"612 34 56 78" in file.read_bytes()] == []
    log.close()


def test_sqlite_is_opened_in_wal_mode(log: PredictionLog, tmp_path: Path) -> None:
    log.check()
    connection = sqlite3.connect(tmp_path / "triage.db")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_purge_forgets_what_is_past_its_time(
    run: CliRunner, kept: PredictionLog, model: TriageModel, database_url: str
) -> None:
    kept.add_rows([row(kept, model, 1, age=400), row(kept, model, 2, age=300), row(kept, model, 3)])
    assert call(run, database_url, "purge").output == "1 predictions older than 365 days removed\n"
    assert call(run, database_url, "purge", "--days", "90").output == "1 predictions older than 90 days removed\n"
    assert [kept.get(ID % number) is not None for number in (1, 2, 3)] == [False, False, True]


def test_export_writes_a_span_of_days_in_order(
    run: CliRunner, kept: PredictionLog, model: TriageModel, database_url: str, tmp_path: Path
) -> None:
    kept.add_rows([row(kept, model, 1, age=1), row(kept, model, 2, age=2), row(kept, model, 3, age=9)])
    target = tmp_path / "out.jsonl"
    since = (NOW - timedelta(days=4)).date().isoformat()
    assert call(run, database_url, "export", str(target), "--since", since).exit_code == 0
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert [found["id"] for found in rows] == [ID % 2, ID % 1]
    assert rows[0]["text"] == "my knee hurts, ring me on ••••••••••••"
    assert rows[0]["review"] is None
    refused = call(run, database_url, "export", str(target))
    assert refused.exit_code == 2
    assert "is there already" in refused.output


def test_stats_count_what_the_log_holds(
    run: CliRunner, kept: PredictionLog, model: TriageModel, database_url: str
) -> None:
    assert json.loads(call(run, database_url, "stats", "--json").output)["predictions"] == 0
    kept.add_rows([row(kept, model, 1), row(kept, model, 2)])
    kept.erase(ID % 2)
    found = json.loads(call(run, database_url, "stats", "--json").output)
    assert (found["predictions"], found["erased"]) == (1, 1)
    assert sum(found["decision"].values()) == 1
    assert "predictions" in call(run, database_url, "stats").output


def test_erase_takes_one_id_and_says_when_there_is_none(
    run: CliRunner, kept: PredictionLog, model: TriageModel, database_url: str
) -> None:
    kept.add_rows([row(kept, model)])
    assert call(run, database_url, "erase", ID % 1).output == f"{ID % 1} erased\n"
    again = call(run, database_url, "erase", ID % 1)
    assert again.exit_code == 2
    assert again.output.count("\n") == 1


def test_a_log_that_cannot_be_reached_is_one_sentence(run: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    shown = call(run, f"sqlite:///{tmp_path}/file/log.db", "stats")
    assert (shown.exit_code, shown.output) == (2, "Error: prediction log: FileExistsError\n")
