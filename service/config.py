"""Settings of the service, from the environment. One table says what there is; `triage config` prints it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_type_hints

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from model.errors import TriageError

TextKept = Literal["redacted", "full", "none"]
_TEXT_KEPT = ("redacted", "full", "none")


class InvalidSetting(TriageError):
    """An environment variable has a value that cannot be used."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name


def _text_kept(value: str) -> TextKept:
    if value not in _TEXT_KEPT:
        raise ValueError(f"must be one of {', '.join(_TEXT_KEPT)}")
    return cast("TextKept", value)


def _database_url(value: str) -> str:
    try:
        backend = make_url(value).get_backend_name()
    except ArgumentError:
        raise ValueError("must be a SQLAlchemy URL") from None
    if backend not in ("sqlite", "postgresql"):
        raise ValueError("must begin with sqlite:// or postgresql+psycopg://")
    return value


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(value)

    return parse


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable of the environment."""

    name: str
    default: str
    meaning: str
    parse: Callable[[str], Any] = str
    secret: bool = False

    def read(self, environment: Mapping[str, str]) -> Any:
        """Its value.

        Raises InvalidSetting.
        """
        try:
            return self.parse(environment.get(self.name, self.default))
        except ValueError as error:
            raise InvalidSetting(self.name, str(error)) from None


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """What an operator can choose; each field says its variable, its default and its meaning."""

    models: Annotated[Path, Setting("TRIAGE_MODELS", "var/models", "folder of the model store", Path)]
    database_url: Annotated[
        str,
        Setting("TRIAGE_DATABASE_URL", "sqlite:///var/triage.db", "URL of the prediction log", _database_url),
    ]
    text_kept: Annotated[
        TextKept,
        Setting("TRIAGE_LOG_TEXT", "redacted", "what the log keeps of an enquiry: redacted, full or none", _text_kept),
    ]
    retention_days: Annotated[
        int,
        Setting("TRIAGE_RETENTION_DAYS", "365", "days after which the log forgets an enquiry", _whole(1, 3_650)),
    ]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "ServiceSettings":
        """Read the settings.

        Raises InvalidSetting, naming the variable.
        """
        return cls(**{field: setting.read(environment) for field, setting in cls.table().items()})

    @classmethod
    def table(cls) -> dict[str, Setting]:
        """All settings by field."""
        hints = get_type_hints(cls, include_extras=True)
        return {field: hint.__metadata__[0] for field, hint in hints.items()}
