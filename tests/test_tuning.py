"""The search for better settings."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from training import tuning
from training.cli import triage
from training.settings import read_settings
from training.tuning import candidates, paired


def test_a_better_setting_is_found_and_written_and_then_nothing_beats_it(
    run: CliRunner, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A few enquiries by each of many authors, so that the interval can be narrow.
    authors = [
        pd.read_csv(file, dtype=str, keep_default_na=False) for file in (root / "data/labelled").glob("s[34]?.csv")
    ]
    pd.concat([rows.head(60) for rows in authors]).to_csv(tmp_path / "data.csv", index=False)
    given, tuned = tmp_path / "given.toml", tmp_path / "tuned.toml"
    packaged = (root / "training" / "settings.toml").read_text("utf-8")
    given.write_text(packaged.replace("C = 10.0", "C = 0.01").replace("folds = 5", "folds = 3"), "utf-8")
    monkeypatch.setattr(tuning, "CHANGES", (("classifier", "C", 10.0), ("classifier", "C", 0.01)))
    options = ["--no-encoder", "--models", str(tmp_path / "models"), "--data", str(tmp_path / "data.csv")]
    shown = run.invoke(triage, ["tune", str(tuned), "--settings", str(given), *options])
    assert shown.exit_code == 0, shown.output
    assert "Better: C = 10.0" in shown.output
    expected = read_settings(given).without_encoder()
    changed = expected.model_copy(update={"classifier": expected.classifier.model_copy(update={"C": 10.0})})
    assert read_settings(tuned) == changed

    monkeypatch.setattr(tuning, "CHANGES", (("classifier", "C", 10.1),))
    again = run.invoke(triage, ["tune", str(tmp_path / "more.toml"), "--settings", str(tuned), *options])
    assert again.exit_code == 0, again.output
    assert "No change is better by more than chance explains" in again.output
    assert not (tmp_path / "more.toml").exists()


def test_settings_are_never_overwritten(run: CliRunner, small_data: list[Path], tmp_path: Path) -> None:
    target = tmp_path / "tuned.toml"
    target.write_text("mine")
    shown = run.invoke(triage, ["tune", str(target), "--data", str(small_data[0])])
    assert shown.exit_code == 2
    assert "is there already" in shown.stderr
    assert target.read_text() == "mine"


def test_what_the_settings_have_already_is_no_candidate() -> None:
    given = read_settings()
    (first, changed), *others = candidates(given)
    assert changed.classifier.C != given.classifier.C
    assert len(candidates(changed)) == len(others)
    assert first not in [change for change, _ in candidates(changed)]


def test_the_interval_holds_although_texts_by_one_author_are_alike() -> None:
    chance = np.random.default_rng(5)
    authors = np.repeat(np.arange(15), 40).astype(str)
    held = 0
    for _ in range(300):
        differences = np.repeat(chance.normal(size=15), 40) + chance.normal(size=600)
        found = paired(differences, authors, 0.95)
        held += found.low <= 0 <= found.high
    assert held / 300 > 0.92
