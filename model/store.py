"""Models on disk: one folder a version, and a pointer to the champion. The only file access in this package.

var/models/
    champion                     the version that serves, swapped in one step
    challenger                   the version that predicts in the shadow, if any
    20261123-1f3a9c/
        manifest.json            read first: hashes of everything below
        model.joblib             library objects only, opened when its hash matches
        rules/*.toml             the rule files the model was made with
"""

import hashlib
import io
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import joblib
from sklearn.exceptions import InconsistentVersionWarning

from model.classifier import Classifier, Head
from model.decision import Thresholds
from model.encoder import Encoder, load_encoder
from model.errors import DamagedModel, ForeignModel, ModelNotFound
from model.features import Features
from model.language import prepare
from model.manifest import Manifest
from model.red_flags import RedFlags
from model.triage import TriageModel

PICKLED_LIBRARIES = ("scikit-learn", "numpy", "scipy", "joblib")
_VERSION = re.compile(r"\d{8}-[0-9a-f]{6}")
_CHAMPION = "champion"
_CHALLENGER = "challenger"
_JOBLIB = "model.joblib"


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model's contents before they are written.

    learned : what goes into the joblib file; library objects only, so that a rename here never breaks an old model
    rules : text of each rule file by name
    """

    learned: bytes
    rules: Mapping[str, str]

    def as_files(self) -> dict[str, bytes]:
        """Contents by path within the model's folder."""
        return {_JOBLIB: self.learned, **{f"rules/{name}": text.encode() for name, text in self.rules.items()}}

    def hashes(self) -> dict[str, str]:
        """SHA-256 by path, as the manifest has it."""
        return {path: hashlib.sha256(content).hexdigest() for path, content in self.as_files().items()}


def pack(classifier: Classifier) -> bytes:
    """The classifier's library objects as a joblib file."""
    buffer = io.BytesIO()
    joblib.dump(
        {
            "words": classifier.features.words,
            "characters": classifier.features.characters,
            "service": classifier.service,
            "service_head": classifier.service_head.regression,
            "flags": dict(classifier.flags),
            "stated_head": classifier.stated_head and classifier.stated_head.regression,
            "flag_heads": {code: head.regression for code, head in classifier.flag_heads.items()},
        },
        buffer,
        compress=3,
    )
    return buffer.getvalue()


class ModelStore:
    """The models under one folder.

    root : the folder; made when the first model is saved
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def versions(self) -> list[str]:
        """All versions, the newest first (by their manifests' time; unreadable ones last)."""
        if not self.root.is_dir():
            return []
        names = [entry.name for entry in self.root.iterdir() if entry.is_dir() and _VERSION.fullmatch(entry.name)]
        return sorted(names, key=self._age, reverse=True)

    def _age(self, version: str) -> tuple[float, str]:
        try:
            return self.manifest(version).created.timestamp(), version
        except (DamagedModel, ForeignModel):
            return 0.0, version

    def champion(self) -> str:
        """Version that serves.

        Raises ModelNotFound when there is none yet.
        """
        try:
            version = (self.root / _CHAMPION).read_text("utf-8").strip()
        except FileNotFoundError:
            raise ModelNotFound(self.root) from None
        self._folder(version)
        return version

    def check(self, version: str) -> None:
        """Raise ModelNotFound, DamagedModel or ForeignModel when a version could not serve."""
        self._verified(version)

    def promote(self, version: str) -> None:
        """Make a version the champion, in one step: readers see the old one or the new one.

        Raises ModelNotFound, DamagedModel or ForeignModel, and changes nothing, when it could not serve.
        """
        self._verified(version)
        self._point(_CHAMPION, version)

    def challenger(self) -> str | None:
        """Version that predicts in the shadow, or None.

        Raises ModelNotFound when it is not in the store.
        """
        try:
            version = (self.root / _CHALLENGER).read_text("utf-8").strip()
        except FileNotFoundError:
            return None
        self._folder(version)
        return version

    def challenge(self, version: str | None) -> None:
        """Make a version the challenger; None ends the challenge.

        Raises ModelNotFound, DamagedModel or ForeignModel, and changes nothing, when it could not serve.
        """
        if version is None:
            (self.root / _CHALLENGER).unlink(missing_ok=True)
            return
        self._verified(version)
        self._point(_CHALLENGER, version)

    def _point(self, name: str, version: str) -> None:
        with tempfile.NamedTemporaryFile("w", dir=self.root, prefix=f".{name}-", delete=False) as pointer:
            pointer.write(version + "\n")
            pointer.flush()
            os.fsync(pointer.fileno())
        Path(pointer.name).chmod(0o644)
        Path(pointer.name).replace(self.root / name)

    def save(self, files: ModelFiles, manifest: Manifest) -> Path:
        """Write a model; its folder appears complete or not at all.

        Returns the folder. A version that is there already is left as it is: its name comes from its contents.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        target = self.root / manifest.version
        if target.exists():
            return target
        with tempfile.TemporaryDirectory(dir=self.root, prefix=".saving-") as scratch:
            folder = Path(scratch) / manifest.version
            folder.mkdir()
            for path, content in files.as_files().items():
                (folder / path).parent.mkdir(exist_ok=True)
                (folder / path).write_bytes(content)
            manifest.write(folder / "manifest.json")
            shutil.move(folder, target)
        return target

    def manifest(self, version: str) -> Manifest:
        """What a version says of itself.

        Raises ModelNotFound, DamagedModel, ForeignModel.
        """
        return Manifest.read(self._folder(version))

    def load(self, version: str) -> TriageModel:
        """Check a version against its manifest, then open it.

        Raises ModelNotFound, DamagedModel or ForeignModel; in each case nothing was unpickled.
        """
        manifest, contents = self._verified(version)
        rules = {
            path.removeprefix("rules/"): content.decode()
            for path, content in contents.items()
            if path.startswith("rules/")
        }
        # Two libraries read and unpack megabytes outside the interpreter: beside it, the start is the sooner done.
        with ThreadPoolExecutor(2) as beside:
            beside.submit(prepare)
            encoder = beside.submit(self._encoder, manifest)
            red_flags, found = RedFlags(rules), encoder.result()
            classifier = self._classifier(manifest, self._unpickle(contents[_JOBLIB]), found)
        return TriageModel(version, classifier, red_flags, Thresholds(**manifest.thresholds.model_dump()))

    def _encoder(self, manifest: Manifest) -> Encoder | None:
        if not manifest.encoder:
            return None
        name, digest = manifest.encoder
        encoder = load_encoder(name)
        if encoder.digest != digest:
            raise ForeignModel(self._folder(manifest.version), f"it learned on another release of encoder {name}")
        return encoder

    @staticmethod
    def _classifier(manifest: Manifest, learned: dict[str, Any], encoder: Encoder | None) -> Classifier:
        return Classifier(
            features=Features(learned["words"], learned["characters"]),
            encoder=encoder,
            services=manifest.services,
            service=learned["service"],
            service_head=Head(learned["service_head"]),
            flags=learned["flags"],
            stated_head=learned["stated_head"] and Head(learned["stated_head"]),
            flag_heads={code: Head(regression) for code, regression in learned["flag_heads"].items()},
        )

    def _folder(self, version: str) -> Path:
        folder = self.root / version
        # The pattern keeps a version from naming a place outside the store.
        if not _VERSION.fullmatch(version) or not folder.is_dir():
            raise ModelNotFound(self.root, version)
        return folder

    def _verified(self, version: str) -> tuple[Manifest, dict[str, bytes]]:
        """Manifest and contents of a version, each file read once and checked against its hash."""
        folder = self._folder(version)
        manifest = Manifest.read(folder)
        if manifest.version != version:
            raise DamagedModel(folder, f"its manifest is that of {manifest.version}")
        for library in PICKLED_LIBRARIES:
            made, here = manifest.libraries.get(library, "none"), installed(library)
            if made.split(".")[:2] != here.split(".")[:2]:
                raise ForeignModel(folder, f"it was made with {library} {made}, here is {here}")
        contents: dict[str, bytes] = {}
        for path, expected in manifest.files.items():
            try:
                contents[path] = (folder / path).read_bytes()
            except OSError:
                raise DamagedModel(folder, f"{path} is missing or cannot be read") from None
            if hashlib.sha256(contents[path]).hexdigest() != expected:
                raise DamagedModel(folder, f"{path} is not the file its manifest describes")
        if _JOBLIB not in contents:
            raise DamagedModel(folder, f"its manifest does not list {_JOBLIB}")
        return manifest, contents

    @staticmethod
    def _unpickle(content: bytes) -> dict[str, Any]:
        with warnings.catch_warnings():
            # A change in the last place of a release (1.8.0, 1.8.1) is let pass; others were refused above.
            warnings.simplefilter("ignore", InconsistentVersionWarning)
            learned: dict[str, Any] = joblib.load(io.BytesIO(content))
        return learned
