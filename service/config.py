"""Settings of the service, from the environment. One table says what there is; `triage config` prints it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_type_hints

from limits import parse_many
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from model.errors import TriageError

TextKept = Literal["redacted", "full", "none"]
# Exact: scheme, host in small letters, perhaps a port; no path, no wildcard.
_ORIGIN = re.compile(r"https?://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?")
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


def _log_format(value: str) -> str:
    if value not in ("json", "text"):
        raise ValueError("must be json or text")
    return value


def _database_url(value: str) -> str:
    try:
        backend = make_url(value).get_backend_name()
    except ArgumentError:
        raise ValueError("must be a SQLAlchemy URL") from None
    if backend not in ("sqlite", "postgresql"):
        raise ValueError("must begin with sqlite:// or postgresql+psycopg://")
    return value


def _origins(value: str) -> tuple[str, ...]:
    origins = tuple(part.strip() for part in value.split(",") if part.strip())
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(f"{origin!r} is no origin; write https://www.example.org, several with commas between")
    return origins


def _rate_limit(value: str) -> str:
    if value:
        try:
            parse_many(value)
        except ValueError:
            raise ValueError("must be like '120 per minute', or empty for no limit") from None
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
        Setting("TRIAGE_DATABASE_URL", "sqlite:///var/triage.db", "URL of the prediction log", _database_url, True),
    ]
    text_kept: Annotated[
        TextKept,
        Setting("TRIAGE_LOG_TEXT", "redacted", "what the log keeps of an enquiry: redacted, full or none", _text_kept),
    ]
    retention_days: Annotated[
        int,
        Setting("TRIAGE_RETENTION_DAYS", "365", "days after which the log forgets an enquiry", _whole(1, 3_650)),
    ]
    spool: Annotated[
        Path, Setting("TRIAGE_SPOOL", "var/spool.jsonl", "file for answers that the log cannot take yet", Path)
    ]
    spool_megabytes: Annotated[
        int,
        Setting("TRIAGE_SPOOL_MB", "64", "size of that file at which answers are lost", _whole(0, 100_000)),
    ]
    origins: Annotated[
        tuple[str, ...],
        Setting("TRIAGE_ORIGINS", "", "websites whose pages may call from a browser, exact, with commas", _origins),
    ]
    rate_limit: Annotated[
        str,
        Setting(
            "TRIAGE_RATE_LIMIT", "120 per minute", "calls of one client without a key; empty: no limit", _rate_limit
        ),
    ]
    redis_url: Annotated[
        str, Setting("TRIAGE_REDIS_URL", "", "where calls are counted; empty: in each process", secret=True)
    ]
    trusted_proxies: Annotated[
        int,
        Setting(
            "TRIAGE_TRUSTED_PROXIES", "0", "reverse proxies in front whose X-Forwarded-* is believed", _whole(0, 9)
        ),
    ]
    log_format: Annotated[
        str, Setting("TRIAGE_LOG_FORMAT", "json", "the server's own log: json, or text for a terminal", _log_format)
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
