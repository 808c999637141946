"""Settings of the service, from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from model.errors import TriageError

TextKept = Literal["redacted", "full", "none"]
_TEXT_KEPT = ("redacted", "full", "none")


class InvalidSetting(TriageError):
    """An environment variable has a value that cannot be used."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """What an operator can choose.

    models : TRIAGE_MODELS, folder of the model store
    database_url : TRIAGE_DATABASE_URL, SQLAlchemy URL of the prediction log
    text_kept : TRIAGE_LOG_TEXT, what the log keeps of an enquiry's text: redacted, full or none
    """

    models: Path
    database_url: str
    text_kept: TextKept

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "ServiceSettings":
        """Read the settings.

        Raises InvalidSetting, naming the variable.
        """
        text_kept = environment.get("TRIAGE_LOG_TEXT", "redacted")
        if text_kept not in _TEXT_KEPT:
            raise InvalidSetting("TRIAGE_LOG_TEXT", f"must be one of {', '.join(_TEXT_KEPT)}")
        return cls(
            models=Path(environment.get("TRIAGE_MODELS", "var/models")),
            database_url=environment.get("TRIAGE_DATABASE_URL", "sqlite:///var/triage.db"),
            text_kept=cast("TextKept", text_kept),
        )
