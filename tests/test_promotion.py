"""A candidate against the champion: the comparison, the gates, who promoted what, and the way back."""

import getpass
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from model.store import ModelStore
from training.cli import triage
from training.comparison import Paired

DEAF = "20200102-abcdef"
FIRST = "20200103-abcdef"


@pytest.fixture(scope="module")
def place(store: ModelStore, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frozen sets in small; a store whose champion has a twin, FIRST, and one that hears no alarm, DEAF."""
    folder = tmp_path_factory.mktemp("promotion")
    for kind, names in (("test", ("t1.csv", "t3.csv")), ("challenge", ("context.csv",))):
        (folder / kind).mkdir()
        for name in names:
            rows = pd.read_csv(root / "data" / kind / name, dtype=str, keep_default_na=False)
            rows.head(60).to_csv(folder / kind / name, index=False)
    limits = (root / "training" / "gates.toml").read_text()
    (folder / "gates.toml").write_text(limits.replace("latency_ratio = 1.2", "latency_ratio = 1000"))
    shutil.copytree(store.root, folder / "models")
    manifest = store.manifest(store.champion())
    deaf = manifest.thresholds.model_copy(
        update={"any_alarm": 1.0, "flags": dict.fromkeys(manifest.thresholds.flags, 1.0), "route": 0.5}
    )
    unruly = {path: digest for path, digest in manifest.files.items() if path not in ("rules/en.toml", "rules/es.toml")}
    for version, thresholds, files in ((DEAF, deaf, unruly), (FIRST, manifest.thresholds, manifest.files)):
        shutil.copytree(folder / "models" / manifest.version, folder / "models" / version)
        changed = manifest.model_copy(update={"version": version, "thresholds": thresholds, "files": files})
        changed.write(folder / "models" / version / "manifest.json")
    return folder


@pytest.fixture
def call(place: Path, tmp_path: Path, run: CliRunner) -> Callable[..., Result]:
    """Runs a command on a fresh copy of the store and the frozen sets in small."""
    shutil.copytree(place / "models", tmp_path / "models")

    def invoke(name: str, *arguments: str) -> Result:
        options = ["--models", str(tmp_path / "models")]
        if name in ("compare", "promote"):
            frozen = ("--frozen", str(place / "test"), "--frozen", str(place / "challenge"))
            options += [*frozen, "--gates", str(place / "gates.toml")]
        return run.invoke(triage, [name, *arguments, *options])

    return invoke


def listed(call: Callable[..., Result]) -> dict[str, dict[str, object]]:
    return {row["version"]: row for row in json.loads(call("models", "--json").stdout)}


def test_a_model_that_misses_alarms_fails_its_gate_and_the_texts_are_named_by_id(
    call: Callable[..., Result], store: ModelStore
) -> None:
    shown = call("compare", store.champion(), DEAF, "--json")
    assert shown.exit_code == 1
    found = json.loads(shown.stdout)
    alarms = found["figures"]["all"]["alarms caught"]
    assert alarms["candidate"] < alarms["champion"]
    assert alarms["lost"]
    assert alarms["interval"][0] < alarms["difference"] < alarms["interval"][1]
    failed = {gate["gate"]: gate["reason"] for gate in found["gates"] if not gate["passed"]}
    assert alarms["lost"][0] in failed["alarms caught"]
    table = call("compare", store.champion(), DEAF)
    assert "FAILED  alarms caught" in table.output
    assert "passed  manifest: complete" in table.output


def test_a_model_against_its_twin_differs_in_nothing_and_passes_every_gate(
    call: Callable[..., Result], store: ModelStore
) -> None:
    shown = call("compare", store.champion(), FIRST, "--json")
    assert shown.exit_code == 0, shown.output
    found = json.loads(shown.stdout)
    assert all(pair["gained"] == pair["lost"] == [] for pair in found["figures"]["all"].values())
    assert found["figures"]["all"]["service right"]["p"] == 1


def test_promote_refuses_with_reasons_and_changes_nothing(call: Callable[..., Result], store: ModelStore) -> None:
    shown = call("promote", DEAF)
    assert shown.exit_code == 2
    assert "FAILED  alarms caught" in shown.stderr
    assert "--override" in shown.stderr
    assert listed(call)[store.champion()]["champion"] is True
    assert listed(call)[DEAF]["promotions"] == []


def test_an_override_is_kept_with_who_and_when(call: Callable[..., Result]) -> None:
    assert call("promote", DEAF, "--override", "only for the demo").exit_code == 0
    row = listed(call)[DEAF]
    assert row["champion"] is True
    (change,) = row["promotions"]  # type: ignore[misc]
    assert change["override"] == "only for the demo"  # type: ignore[has-type]
    assert change["who"] == getpass.getuser()  # type: ignore[has-type]
    assert change["failed"][0].startswith("FAILED  alarms caught")  # type: ignore[has-type]
    assert "only for the demo" in " ".join(call("models").output.split())


def test_rollback_goes_back_step_by_step_to_the_first_champion(call: Callable[..., Result], store: ModelStore) -> None:
    first = store.champion()
    assert call("promote", FIRST).exit_code == 0
    assert call("promote", DEAF, "--override", "a trial").exit_code == 0
    assert call("rollback").output == f"{FIRST} is the champion again, instead of {DEAF}\n"
    assert call("rollback").output == f"{first} is the champion again, instead of {FIRST}\n"
    last = call("rollback")
    assert last.exit_code == 2
    assert "no earlier champion is on record" in last.stderr


def test_rollback_leaves_a_champion_alone_that_the_list_does_not_know(
    call: Callable[..., Result], tmp_path: Path
) -> None:
    assert call("promote", FIRST).exit_code == 0
    ModelStore(tmp_path / "models").promote(DEAF)
    shown = call("rollback")
    assert shown.exit_code == 2
    assert f"the champion {DEAF} was not promoted by this list" in shown.stderr


def test_a_crash_between_record_and_pointer_leaves_no_change_without_a_record_and_no_record_that_counts(
    call: Callable[..., Result], store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, kept = store.champion(), tmp_path / "models" / "promotions.jsonl"

    def crash(*_: object) -> None:
        assert FIRST in kept.read_text()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ModelStore, "_point", crash)
        assert call("promote", FIRST).exit_code != 0
    assert listed(call)[first]["champion"] is True
    assert listed(call)[FIRST]["promotions"] == []
    assert "no earlier champion is on record" in call("rollback").stderr
    assert call("promote", FIRST).exit_code == 0
    assert len(listed(call)[FIRST]["promotions"]) == 1  # type: ignore[arg-type]
    with monkeypatch.context() as patch:
        patch.setattr(ModelStore, "_point", crash)
        assert call("rollback").exit_code != 0
    assert call("rollback").output == f"{first} is the champion again, instead of {FIRST}\n"


def test_a_line_that_was_left_half_written_swallows_no_record(call: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "models" / "promotions.jsonl").write_text('{"when": "2026-11-24T0')
    assert call("promote", FIRST).exit_code == 0
    assert len(listed(call)[FIRST]["promotions"]) == 1  # type: ignore[arg-type]


def test_promoting_the_champion_says_so_and_records_nothing(call: Callable[..., Result], store: ModelStore) -> None:
    assert "is the champion already" in call("promote", store.champion()).output
    assert listed(call)[store.champion()]["promotions"] == []


def test_limits_out_of_form_are_named(run: CliRunner, place: Path, store: ModelStore, tmp_path: Path) -> None:
    gates = tmp_path / "gates.toml"
    gates.write_text((place / "gates.toml").read_text().replace("alarms_missed = 0", "alarms_missed = -1"))
    arguments = ["compare", store.champion(), store.champion(), "--gates", str(gates), "--models", str(store.root)]
    shown = run.invoke(triage, arguments)
    assert shown.exit_code == 2
    assert "gates.toml: alarms_missed: " in shown.stderr


def test_the_interval_of_a_paired_difference_stays_wide_when_few_texts_differ() -> None:
    ids = tuple(map(str, range(30)))
    none, many = Paired(90, 90, 100, (), ()), Paired(60, 90, 100, ids, ())
    assert none.interval[0] < 0 < none.interval[1]
    assert none.p == 1
    assert 0.2 < many.interval[0] < many.difference < many.interval[1] < 0.42
    assert many.p < 0.001
