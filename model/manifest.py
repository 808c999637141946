"""What a model says of itself, in plain JSON that is safe to read before anything else is opened."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model.errors import DamagedModel, ForeignModel
from model.types import Service

FORMAT = 1
"""Raised when a release could no longer read the models of the one before."""

Probability = Annotated[float, Field(ge=0, le=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataFile(_Frozen):
    """A file the model learned from."""

    name: str
    sha256: str
    rows: int


class ThresholdFigures(_Frozen):
    """When the model is sure enough; see model.decision.Thresholds."""

    route: Probability
    confirm: Probability
    flags: dict[str, Probability]
    any_alarm: Probability
    doubt: Probability


class PromiseFigures(_Frozen):
    """What routing promises, as long as enquiries are like those it was checked on.

    risk, certainty : at most this share of the routed answers is wrong, with this certainty
    answers : how many routed answers the threshold was controlled on
    """

    risk: Probability
    certainty: Probability
    answers: int


class Manifest(_Frozen):
    """Everything needed to check a model's files, to rebuild it, and to make it again.

    files : SHA-256 of each other file in the folder
    services : the classifier's classes, in the order of its columns
    encoder : name and digest of the encoder, or None for n-grams alone
    promise : None when no threshold could keep it; nothing is routed then
    libraries : versions of those whose objects the joblib file holds
    settings : the training settings as they were
    figures : what was measured when the model was made
    """

    format: int
    version: str
    created: datetime
    files: dict[str, str]
    services: tuple[Service, ...]
    codes: tuple[str, ...]
    encoder: tuple[str, str] | None
    thresholds: ThresholdFigures
    promise: PromiseFigures | None
    data: tuple[DataFile, ...]
    settings: dict[str, Any]
    libraries: dict[str, str]
    figures: dict[str, Any]

    def write(self, file: Path) -> None:
        """Write as JSON, for people to read too."""
        file.write_text(self.model_dump_json(indent=2) + "\n", "utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read `manifest.json` of a model folder.

        Raises DamagedModel when it is missing or not a manifest, ForeignModel when its format is another release's.
        """
        try:
            text = (folder / "manifest.json").read_bytes()
        except OSError:
            raise DamagedModel(folder, "manifest.json is missing or cannot be read") from None
        try:
            found = _Format.model_validate_json(text).format
        except ValidationError:
            raise DamagedModel(folder, "manifest.json is not a model's manifest") from None
        if found != FORMAT:
            raise ForeignModel(folder, f"its manifest has format {found}, this release reads format {FORMAT}")
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise DamagedModel(folder, f"manifest.json: {where}: {first['msg']}") from None


class _Format(BaseModel):
    format: int
