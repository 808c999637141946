"""The encoder that ships with the project: whole, the same for a text whatever stands beside it, cached by hash."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from model.encoder import AdaptedEncoder, Reading, load_encoder
from model.errors import DamagedModel
from training.encoding_cache import CachedEncoder

TEXTS = ["me duele la rodilla", "I want to die, can I have a massage", "no fever, no numbness, just stiff"]


@pytest.fixture(scope="module")
def encoder() -> AdaptedEncoder:
    loaded = load_encoder("adapted")
    assert isinstance(loaded, AdaptedEncoder)
    return loaded


def test_a_text_reads_the_same_alone_and_among_others(encoder: AdaptedEncoder) -> None:
    together, alone = encoder.read(TEXTS), [encoder.read([text]) for text in TEXTS]
    assert np.array_equal(together.services, np.vstack([one.services for one in alone]))
    assert np.array_equal(together.flags, np.vstack([one.flags for one in alone]))
    assert np.array_equal(encoder.read(TEXTS * 50).stated, np.tile(together.stated, 50))


def test_it_tells_nobody_and_leaves_nothing_behind(tmp_path: Path) -> None:
    program = "from model.encoder import load_encoder; load_encoder('adapted').read(['me duele la rodilla'])"
    # Without the variables by which the library would know a test machine, and keep silent by itself.
    subprocess.run([sys.executable, "-c", program], env={"HOME": str(tmp_path)}, check=True)
    assert list(tmp_path.iterdir()) == []


def test_no_text_is_no_row(encoder: AdaptedEncoder) -> None:
    reading = encoder.read([])
    assert reading.services.shape == (0, len(encoder.services))
    assert reading.flags.shape == (0, len(encoder.flags))


def test_it_tells_a_stated_sign_from_one_denied(encoder: AdaptedEncoder) -> None:
    stated, denied = encoder.read(TEXTS[1:]).stated
    assert stated > 0 > denied


def test_it_knows_what_it_learned_from(encoder: AdaptedEncoder, root: Path) -> None:
    manifest = json.loads((root / "model" / "adapted" / "encoder.json").read_text())
    assert "s52" in manifest["authors_held_out"]
    assert not encoder.has_seen(TEXTS[0])


def test_a_damaged_artefact_is_refused(root: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(root / "model" / "adapted", tmp_path / "adapted")
    (copied / "tokenizer.json").write_text("{}")
    with pytest.raises(DamagedModel, match=r"tokenizer\.json is not the file its manifest describes"):
        AdaptedEncoder(copied)
    (copied / "encoder.json").unlink()
    with pytest.raises(DamagedModel, match=r"encoder\.json is missing"):
        AdaptedEncoder(copied)


class CountingEncoder:
    """Reads a text as its length, and counts."""

    name, digest = "counting", "c0"
    services: tuple[str, ...] = ("a",)
    flags: tuple[str, ...] = ("any",)

    def __init__(self) -> None:
        self.asked: list[str] = []

    def read(self, texts: Sequence[str]) -> Reading:
        self.asked += texts
        lengths = np.array([len(text) for text in texts], np.float32)
        return Reading(lengths[:, None], lengths[:, None], lengths)

    def has_seen(self, text: str) -> bool:
        return False


def test_only_new_texts_are_encoded_and_a_broken_cache_is_made_anew(tmp_path: Path) -> None:
    counting = CountingEncoder()
    assert CachedEncoder(counting, tmp_path).read(["a", "bb"]).stated.tolist() == [1, 2]
    assert CachedEncoder(counting, tmp_path).read(["bb", "ccc", "a"]).stated.tolist() == [2, 3, 1]
    assert counting.asked == ["a", "bb", "ccc"]
    (tmp_path / "c0.npz").write_bytes(b"cut short")
    assert CachedEncoder(counting, tmp_path).read(["a"]).stated.tolist() == [1]
    assert b"ccc" not in (tmp_path / "c0.npz").read_bytes()
