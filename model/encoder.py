"""The encoder: a small transformer adapted to enquiries, which gives each text a score a task.

An artefact is a folder, made by `triage adapt`, that ships with this package:

    encoder.json      what it is: version, columns, hashes of the files, how it was made, its figures
    encoder.onnx      weights in eight bits
    tokenizer.json    the pruned vocabulary
    seen.txt          hashes of the texts it learned from, so that calibration can leave their authors out
"""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from scipy.special import logit, softmax

from model.errors import DamagedModel, TriageError

DEFAULT_ENCODER = "adapted"
"""The artefact that ships with the package."""

_SURE = 1e-6  # probabilities nearer to 0 and 1 are all the same
_MANY = 128  # texts from which on threads are worth starting


@dataclass(frozen=True, slots=True)
class Reading:
    """What an encoder makes of texts.

    services : logits of shape (n_texts, n_services), in the order of `Encoder.services`
    flags : logits of shape (n_texts, n_flags), in the order of `Encoder.flags`, the last "any alarm"
    stated : shape (n_texts,), log-odds that an emergency or urgent sign is stated, against there being no word of one,
        or words of one that is denied, past, feared, another's, or a figure of speech
    """

    services: NDArray[np.float32]
    flags: NDArray[np.float32]
    stated: NDArray[np.float32]


class Encoder(Protocol):
    """Reads texts: a logit for each service and flag, and whether a sign is stated."""

    name: str
    """What a manifest calls it; `load_encoder` takes it back."""

    digest: str
    """Changes whenever the output might, so that a model can tell an encoder it did not learn on."""

    services: tuple[str, ...]
    flags: tuple[str, ...]

    def read(self, texts: Sequence[str]) -> Reading:
        """All texts, in order."""

    def has_seen(self, text: str) -> bool:
        """Whether it learned from this very text."""


class EncoderManifest(BaseModel):
    """`encoder.json`, as far as reading texts needs it."""

    model_config = ConfigDict(frozen=True)

    format: Annotated[int, Field(ge=1, le=1)]
    version: str
    services: tuple[str, ...]
    flags: tuple[str, ...]
    readings: tuple[str, ...]
    width: int
    files: dict[str, str]


def keep_to_this_machine() -> None:
    """Have onnxruntime report nothing; to be called before its first session.

    Of itself it writes an id of the machine into the home folder and tells its maker what it runs on. Its own switch,
    `disable_telemetry_events`, comes too late for both (1.32, seen by strace).
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"


class AdaptedEncoder:
    """A folder made by `triage adapt`, run by onnxruntime in one thread.

    Raises DamagedModel when a file is missing or is not the one that the manifest describes.
    """

    def __init__(self, folder: Path, name: str = DEFAULT_ENCODER) -> None:
        keep_to_this_machine()
        # Here, since loading the library takes a third of a second that other commands need not spend.
        import onnxruntime
        from tokenizers import Tokenizer

        manifest = _checked(folder)
        self.name = name
        self.digest = manifest.files["encoder.onnx"][:16]
        self.services, self.flags = manifest.services, manifest.flags
        self._splits = np.cumsum([len(manifest.services), len(manifest.flags), len(manifest.readings)])
        self._width = int(self._splits[-1]) + manifest.width
        self._stated = manifest.readings.index("stated")
        self._seen_file = folder / "seen.txt"
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        options = onnxruntime.SessionOptions()
        # One thread a request: workers are processes, and threads that wait for one another cost more than they give.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(folder / "encoder.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def read(self, texts: Sequence[str]) -> Reading:
        """All texts, in order; many are shared out among the cores.

        Each is run by itself: in eight bits the scale of a batch's numbers depends on its texts, and a text's scores
        must not depend on those beside it. On one core a batch was no faster.
        """
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]
        if len(rows) < _MANY:
            scores = list(map(self._run, rows))
        else:
            with ThreadPoolExecutor(os.cpu_count()) as threads:
                scores = list(threads.map(self._run, rows))
        services, flags, readings, _ = np.split(np.reshape(scores, (len(rows), self._width)), self._splits, axis=1)
        likely = softmax(readings.astype(np.float64), axis=1)[:, self._stated]
        stated = logit(np.clip(likely, _SURE, 1 - _SURE)).astype(np.float32)
        return Reading(services, flags, stated)

    def _run(self, ids: Sequence[int]) -> NDArray[np.float32]:
        tokens = np.array([ids], np.int64)
        scores: NDArray[np.float32] = self._session.run(None, {"ids": tokens, "mask": np.ones_like(tokens)})[0][0]
        return scores

    def has_seen(self, text: str) -> bool:
        """Whether it learned from this very text."""
        return text_hash(text) in self._seen

    @cached_property
    def _seen(self) -> frozenset[str]:
        return frozenset(self._seen_file.read_text("utf-8").split())


def text_hash(text: str) -> str:
    """Names a text in `seen.txt` without saying it."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _checked(folder: Path) -> EncoderManifest:
    try:
        manifest = EncoderManifest.model_validate_json((folder / "encoder.json").read_bytes())
    except OSError:
        raise DamagedModel(folder, "encoder.json is missing or cannot be read") from None
    except ValidationError as error:
        raise DamagedModel(folder, f"encoder.json: {error.errors()[0]['msg']}") from None
    for name, expected in manifest.files.items():
        try:
            content = (folder / name).read_bytes()
        except OSError:
            raise DamagedModel(folder, f"{name} is missing or cannot be read") from None
        if hashlib.sha256(content).hexdigest() != expected:
            raise DamagedModel(folder, f"{name} is not the file its manifest describes")
    return manifest


class UnknownEncoder(TriageError):
    """A model or a setting names an encoder that this release does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(f"encoder: {name!r} is unknown; known are {', '.join(sorted(ENCODERS))}")
        self.name = name


def _packaged() -> Encoder:
    return AdaptedEncoder(Path(str(files("model"))) / "adapted")


ENCODERS: Mapping[str, Callable[[], Encoder]] = {DEFAULT_ENCODER: _packaged}


def load_encoder(name: str) -> Encoder:
    """Build an encoder by the name that a manifest has for it.

    Raises UnknownEncoder, or DamagedModel when its files are not whole.
    """
    if name not in ENCODERS:
        raise UnknownEncoder(name)
    return ENCODERS[name]()
