"""The server's own log: one JSON object a line, and never a value of a request."""

from types import TracebackType
from typing import Any

from pythonjsonlogger.json import JsonFormatter

_Fault = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Lines(JsonFormatter):
    """JSON lines with time, level, logger, process and message; of an exception its type alone."""

    def __init__(self) -> None:
        super().__init__(
            "{asctime}{levelname}{name}{process}{message}",
            style="{",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            json_ensure_ascii=False,
        )

    def formatException(self, ei: _Fault) -> str:  # noqa: N802 - logging's name
        """The type: a message, or a value in a traceback, might be somebody's enquiry."""
        return ei[0].__name__ if ei[0] else ""


def logging_config(form: str) -> dict[str, Any]:
    """For logging.config.dictConfig.

    form : `json`, or `text` for a person at a terminal
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": "service.logs.Lines"},
            "text": {"format": "%(asctime)s %(levelname)s %(message)s"},
        },
        "handlers": {"out": {"class": "logging.StreamHandler", "formatter": form, "stream": "ext://sys.stderr"}},
        "root": {"level": "INFO", "handlers": ["out"]},
        "loggers": {
            "_granian": {"level": "INFO", "propagate": True},
            "alembic": {"level": "WARNING"},
        },
    }
