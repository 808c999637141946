"""The flags, read from taxonomy.toml: what each code means and how urgent it is."""

import enum
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal


@enum.unique
class Urgency(enum.IntEnum):
    """How soon a person must act; the order is that of gravity."""

    NONE = 0
    CONFIRM = 1
    REVIEW = 2
    URGENT = 3
    EMERGENCY = 4

    @property
    def label(self) -> str:
        """The word used in JSON and in files: `none` … `emergency`."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class FlagType:
    """One code of the taxonomy."""

    code: str
    urgency: Urgency
    meaning: str
    message: str
    kind: Literal["annotated", "policy"]


@cache
def taxonomy() -> Mapping[str, FlagType]:
    """All flags by code, the gravest first within each kind."""
    table = tomllib.loads((files("model") / "taxonomy.toml").read_text("utf-8"))
    return MappingProxyType(
        {
            code: FlagType(code, Urgency[entry["urgency"].upper()], entry["meaning"], entry["message"], entry["kind"])
            for code, entry in table.items()
        }
    )


def annotated_codes() -> tuple[str, ...]:
    """Codes that people label in the corpus, in the taxonomy's order."""
    return tuple(code for code, flag in taxonomy().items() if flag.kind == "annotated")


def alarm_codes() -> tuple[str, ...]:
    """Emergency and urgent codes, in the taxonomy's order."""
    return tuple(code for code, flag in taxonomy().items() if flag.urgency >= Urgency.URGENT)
