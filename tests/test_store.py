import json
import shutil
from pathlib import Path

import pytest

from model.errors import DamagedModel, ForeignModel, ModelNotFound, TriageError
from model.store import ModelStore
from training.pipeline import Trained


@pytest.fixture
def copied(trained: Trained, tmp_path: Path) -> ModelStore:
    """A store with one model, for a test to spoil."""
    root = tmp_path / "models"
    shutil.copytree(trained.folder, root / trained.manifest.version)
    return ModelStore(root)


def spoil(store: ModelStore, **changes: object) -> str:
    """Change entries of the only model's manifest."""
    (version,) = store.versions()
    file = store.root / version / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    return version


def test_a_store_without_a_champion_says_how_to_make_one(copied: ModelStore) -> None:
    with pytest.raises(ModelNotFound, match=r"no champion model; make one with `triage train`"):
        copied.champion()


def test_promoting_makes_a_version_the_champion(copied: ModelStore) -> None:
    (version,) = copied.versions()
    copied.promote(version)
    assert copied.champion() == version
    assert copied.load(version).version == version


@pytest.mark.parametrize("version", ["20200101-000000", "../models", "", "champion"])
def test_an_unknown_version_is_refused(copied: ModelStore, version: str) -> None:
    with pytest.raises(ModelNotFound, match=r"see `triage models`|make one"):
        copied.load(version)


@pytest.mark.parametrize("path", ["model.joblib", "rules/en.toml"])
def test_a_file_that_is_not_what_the_manifest_describes_is_never_opened(copied: ModelStore, path: str) -> None:
    (version,) = copied.versions()
    with (copied.root / version / path).open("ab") as file:
        file.write(b" ")
    with pytest.raises(DamagedModel, match=f"{path} is not the file its manifest describes. Nothing in it was opened"):
        copied.load(version)


def test_a_missing_file_is_named(copied: ModelStore) -> None:
    (version,) = copied.versions()
    (copied.root / version / "model.joblib").unlink()
    with pytest.raises(DamagedModel, match=r"model\.joblib is missing"):
        copied.load(version)


@pytest.mark.parametrize(
    ("content", "reason"),
    [("", "not a model's manifest"), ("{}", "not a model's manifest"), ('{"format": 1}', "version: Field required")],
)
def test_a_manifest_that_is_none_is_refused(copied: ModelStore, content: str, reason: str) -> None:
    (version,) = copied.versions()
    (copied.root / version / "manifest.json").write_text(content)
    with pytest.raises(DamagedModel, match=reason):
        copied.load(version)


def test_a_manifest_of_another_version_is_refused(copied: ModelStore) -> None:
    version = spoil(copied, version="20200101-abcdef")
    with pytest.raises(DamagedModel, match="its manifest is that of 20200101-abcdef"):
        copied.load(version)


def test_a_model_of_another_format_is_foreign(copied: ModelStore) -> None:
    version = spoil(copied, format=99)
    with pytest.raises(ForeignModel, match="format 99, this release reads format 1; train again"):
        copied.load(version)


def test_a_model_made_with_another_scikit_learn_is_foreign(copied: ModelStore) -> None:
    (version,) = copied.versions()
    libraries = copied.manifest(version).libraries | {"scikit-learn": "0.9.1"}
    spoil(copied, libraries=libraries)
    with pytest.raises(ForeignModel, match=r"made with scikit-learn 0\.9\.1, here is"):
        copied.load(version)


def test_a_model_that_could_not_serve_does_not_become_champion(copied: ModelStore) -> None:
    version = spoil(copied, format=99)
    with pytest.raises(TriageError):
        copied.promote(version)
    assert not (copied.root / "champion").exists()


def test_promotion_and_saving_leave_nothing_behind(copied: ModelStore) -> None:
    (version,) = copied.versions()
    copied.promote(version)
    assert sorted(entry.name for entry in copied.root.iterdir()) == [version, "champion"]
