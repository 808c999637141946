"""The model that serves, and what it says of itself."""

from dataclasses import dataclass
from typing import Protocol

from model.manifest import Manifest
from model.store import ModelStore
from model.triage import TriageModel


@dataclass(frozen=True, slots=True)
class Serving:
    """A loaded model with its manifest. A request takes one of these and keeps to it."""

    model: TriageModel
    manifest: Manifest

    @classmethod
    def load(cls, store: ModelStore, version: str) -> "Serving":
        """Load a version.

        Raises ModelNotFound, DamagedModel, ForeignModel.
        """
        return cls(store.load(version), store.manifest(version))


class Models(Protocol):
    """Whatever hands out the model that serves."""

    @property
    def serving(self) -> Serving | None:
        """The model for one request, or None when there is none."""

    @property
    def challenger(self) -> Serving | None:
        """The model that predicts in the shadow, or None."""

    @property
    def fault(self) -> str:
        """Why a promoted model was not taken up; empty when all is well."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """One model for good, or none."""

    serving: Serving | None
    challenger: Serving | None = None
    fault: str = ""
