"""The visitor's messages: fixed texts by key and language, from files that the clinic can edit."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files

from model.errors import InvalidFile
from model.language import SUPPORTED
from model.taxonomy import taxonomy
from model.types import Prediction

_FALLBACK = "en"


class Messages:
    """Texts in every supported language.

    tables : TOML text by language

    Raises InvalidFile when a key that a flag or a service needs is missing or empty.
    """

    def __init__(self, tables: Mapping[str, str]) -> None:
        self._texts = {language: _read(language, text) for language, text in tables.items()}

    def of(self, prediction: Prediction) -> str:
        """The message for a prediction, in its language; in English where that language has none."""
        return self.text(prediction.language, prediction.message_key)

    def text(self, language: str, key: str) -> str:
        """One text; in English where that language has none."""
        return self._texts.get(language, self._texts[_FALLBACK])[key]


def packaged_messages() -> Messages:
    """The texts that ship with the service."""
    folder = files("service") / "messages"
    return Messages({language: (folder / f"{language}.toml").read_text("utf-8") for language in SUPPORTED})


def _read(language: str, text: str) -> dict[str, str]:
    name = f"messages/{language}.toml"
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidFile(name, "syntax", str(error)) from None
    needed = {flag.message for flag in taxonomy().values()} | {"route_physiotherapy", "route_massage"}
    for key in sorted(needed):
        if not isinstance(table.get(key), str) or not table[key].strip():
            raise InvalidFile(name, key, "is missing or empty")
    return table
