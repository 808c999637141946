"""Scoring a whole file: every format, a killed run that goes on, and a cluster that gives the same file."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from distributed import LocalCluster

from model.store import ModelStore
from training import scoring
from training.cli import triage

ROWS = 130
SIZE = 20


@pytest.fixture(scope="module")
def source(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of seven partitions."""
    rows = pd.read_csv(root / "data" / "labelled" / "s1.csv", dtype=str, keep_default_na=False).head(ROWS)
    file = tmp_path_factory.mktemp("score") / "in.csv"
    rows[["id", "text"]].to_csv(file, index=False)
    return file


@pytest.fixture(autouse=True)
def small_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "PARTITION", SIZE)


@pytest.fixture(scope="module")
def in_one_go(source: Path, store: ModelStore, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What one process makes of it without a break."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "PARTITION", SIZE)
        target = tmp_path_factory.mktemp("scored") / "out.csv"
        arguments = ["score", str(source), str(target), "--models", str(store.root)]
        assert CliRunner().invoke(triage, arguments).exit_code == 0
    return target.read_bytes()


def test_a_killed_run_goes_on_without_loss_or_repeats(
    run: CliRunner, source: Path, store: ModelStore, in_one_go: bytes, tmp_path: Path, until: Callable[..., None]
) -> None:
    target, parts = tmp_path / "out.csv", tmp_path / ".out.csv.parts"
    arguments = ["score", str(source), str(target), "--models", str(store.root)]
    program = f"from training import cli, scoring; scoring.PARTITION = {SIZE}; cli.main({arguments!r})"
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL)
    until(lambda: (parts / "00000001").exists())
    process.kill()
    process.wait()
    assert not target.exists()
    # What a kill in the middle of writing leaves.
    (parts / "unfinished").write_bytes(b"half a row")
    shown = run.invoke(triage, arguments)
    assert shown.exit_code == 0, shown.output
    assert "of them by an earlier run" in shown.output
    assert target.read_bytes() == in_one_go
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.csv"]


def test_parts_of_another_run_are_left_alone(run: CliRunner, source: Path, store: ModelStore, tmp_path: Path) -> None:
    parts = tmp_path / ".out.csv.parts"
    parts.mkdir()
    (parts / "job.json").write_text("{}")
    shown = run.invoke(triage, ["score", str(source), str(tmp_path / "out.csv"), "--models", str(store.root)])
    assert shown.exit_code == 2
    assert "holds parts of a run on another file" in shown.stderr
    assert (parts / "job.json").read_text() == "{}"


def test_two_workers_of_a_cluster_give_the_same_file_bit_for_bit(
    run: CliRunner, source: Path, store: ModelStore, in_one_go: bytes, cluster: LocalCluster, tmp_path: Path
) -> None:
    target = tmp_path / "out.csv"
    options = ["--models", str(store.root), "--engine", "dask", "--scheduler", cluster.scheduler_address]
    shown = run.invoke(triage, ["score", str(source), str(target), *options])
    assert shown.exit_code == 0, shown.output
    assert target.read_bytes() == in_one_go


def test_a_scheduler_that_does_not_answer_is_named_with_a_remedy(
    run: CliRunner, source: Path, store: ModelStore, tmp_path: Path
) -> None:
    options = ["--models", str(store.root), "--engine", "dask", "--scheduler", "nonsense"]
    shown = run.invoke(triage, ["score", str(source), str(tmp_path / "out.csv"), *options])
    assert shown.exit_code == 2
    assert "nonsense: no scheduler answers here; start `dask scheduler`" in shown.stderr


def test_what_an_engine_may_log_of_a_partition_holds_no_enquiry() -> None:
    assert "knee" not in repr(scoring.Work(3, ("my knee hurts",)))
    assert "knee" not in repr(scoring.Answers(3, ({"flags": "knee"},)))


def test_parquet_keeps_its_columns_and_types_and_gains_the_predictions(
    run: CliRunner, source: Path, store: ModelStore, in_one_go: bytes, tmp_path: Path
) -> None:
    frame = pd.read_csv(source).assign(service=range(ROWS))
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "in.parquet")
    arguments = ["score", str(tmp_path / "in.parquet"), str(tmp_path / "out.parquet"), "--models", str(store.root)]
    shown = run.invoke(triage, arguments)
    assert shown.exit_code == 0, shown.output
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.column_names[:3] == ["id", "text", "input_service"]
    assert found.schema.field("input_service").type == pa.int64()
    assert found.schema.field("flags").type == pa.list_(pa.string())
    assert sum(found["escalate"].to_pylist()) == in_one_go.decode().count(",escalate,yes,")


def test_a_mistake_in_the_last_row_is_told_before_the_first_prediction(
    run: CliRunner, store: ModelStore, tmp_path: Path
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps({"text": f"my knee {n}"}) + "\n" for n in range(50)) + '{"text": " "}\n')
    shown = run.invoke(triage, ["score", str(source), str(tmp_path / "out.jsonl"), "--models", str(store.root)])
    assert shown.exit_code == 2
    assert "enquiry 51, text: is empty" in shown.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["in.jsonl"]
