"""Training settings: one TOML file, checked once, copied into the manifest."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from training.checked_toml import read_checked

Probability = Annotated[float, Field(gt=0, lt=1)]
Cost = Annotated[float, Field(gt=0, le=1000)]
Ngrams = tuple[Annotated[int, Field(ge=1, le=8)], Annotated[int, Field(ge=1, le=8)]]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FeatureSettings(_Table):
    """What the classifiers see of a text."""

    encoder: Literal["adapted", "none"]
    word_ngrams: Ngrams
    word_min_df: Annotated[int, Field(ge=1)]
    character_ngrams: Ngrams
    character_min_df: Annotated[int, Field(ge=1)]


class ClassifierSettings(_Table):
    """The linear models."""

    C: Annotated[float, Field(gt=0)]
    max_iterations: Annotated[int, Field(ge=10)]
    rarest: Annotated[int, Field(ge=2)]


class FlagThresholds(_Table):
    """How much recall counts against precision where a flag's threshold is chosen: the beta of F-beta.

    doubted : share of the signs rightly stated by a rule that may be read without alarm, since the model doubts them
    """

    alarm_beta: Annotated[float, Field(gt=0, le=10)]
    code_beta: Annotated[float, Field(gt=0, le=10)]
    doubted: Annotated[float, Field(ge=0, le=0.05)]


class Promise(_Table):
    """What routing promises: at most this share wrong, with this certainty."""

    risk: Probability
    certainty: Probability


class Costs(_Table):
    """What each mistake costs, in any one unit.

    followed : share of the visitors who follow a wrong suggestion when they are asked
    """

    wrong_route: Cost
    needless_question: Cost
    needless_escalation: Cost
    followed: Probability

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.needless_question < self.needless_escalation < self.wrong_route:
            raise ValueError(
                "a needless question must cost less than a needless escalation, and that less than a wrong route"
            )
        return self


class Settings(_Table):
    """All of them."""

    seed: Annotated[int, Field(ge=0, lt=2**32)]
    folds: Annotated[int, Field(ge=2, le=20)]
    features: FeatureSettings
    classifier: ClassifierSettings
    flags: FlagThresholds
    promise: Promise
    costs: Costs

    def without_encoder(self) -> "Settings":
        """The same with n-grams alone."""
        return self.model_copy(update={"features": self.features.model_copy(update={"encoder": "none"})})


def read_settings(file: Path | None = None) -> Settings:
    """Read a settings file; without one, the packaged settings.

    Raises InvalidFile, naming the setting and what it must be.
    """
    return read_checked(Settings, file, "settings.toml")
