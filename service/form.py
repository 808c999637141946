"""The form's wording, its script as served, and which kind of answer a visitor sees."""

import json
import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from model.errors import InvalidFile
from model.language import SUPPORTED

SERVICES = ("physiotherapy", "massage")
_KINDS = ("confirm", "more", "review", "refusal", "urgent", "discreet", "emergency", "crisis", "failed", "busy", "long")
# Every key of a wording file: at the top, then by table.
_TOP = ("dir", "label", "hint", "send", "consent", "privacy", "empty", "reading", "slow", "again")
_TABLES = {
    "heading": (*SERVICES, *_KINDS),
    "failure": ("failed", "busy", "busy_seconds", "long", "urgent"),
    "suggestion": ("above", "why", *SERVICES),
    "line": SERVICES,
    "book": SERVICES,
    "other": SERVICES,
    "more": ("label", "hint", "send", "or"),
    "steps": ("above", "emergency", "crisis", "urgent"),
    "calls": ("112",),
    "contact": ("above", "review", "unsure", "form", "phone", "whatsapp", "copy", "copied"),
}


class FormWording:
    """What the form says, in every language.

    tables : TOML text by language

    Raises InvalidFile when a key is missing, empty or unknown.
    """

    def __init__(self, tables: Mapping[str, str]) -> None:
        self.languages: dict[str, dict[str, Any]] = {
            language: _read(language, text) for language, text in tables.items()
        }

    def of(self, language: str) -> dict[str, Any]:
        """The wording of a language; English for one that has none, as in the service's messages."""
        return self.languages.get(language, self.languages["en"])

    def known(self, language: str) -> str:
        """The language itself when there is wording for it, else `en`."""
        return language if language in self.languages else "en"

    def script(self) -> str:
        """`enquiry-form.js` with the wording and the style in it: one file that a website embeds."""
        folder = files("service") / "static"
        script = (folder / "enquiry-form.js").read_text("utf-8")
        style = re.sub(r"/\*.*?\*/|\n *", "", (folder / "enquiry-form.css").read_text("utf-8"), flags=re.DOTALL)
        for place, value in (("WORDING = {}", self.languages), ('STYLE = ""', style)):
            name = place.split()[0]
            literal = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            script = script.replace(f"const {place};", f"const {name} = {literal};", 1)
        return script


def packaged_wording() -> FormWording:
    """The wording that ships with the service."""
    folder = files("service") / "messages"
    return FormWording({language: (folder / f"form-{language}.toml").read_text("utf-8") for language in SUPPORTED})


def packaged_clinic() -> dict[str, Any]:
    """The facts and words of the page at `/`."""
    return tomllib.loads((files("service") / "messages" / "clinic.toml").read_text("utf-8"))


def kind_of(answer: Mapping[str, Any]) -> str:
    """Which kind of answer the visitor sees; the same function as in enquiry-form.js.

    Urgency goes first; whatever is not understood goes to a person.
    """
    code = answer["flags"][0]["code"] if answer["flags"] else None
    if answer["urgency"] == "emergency":
        return "crisis" if code == "mental_health_crisis" else "emergency"
    if answer["urgency"] == "urgent":
        return "discreet" if code == "safeguarding" else "urgent"
    if answer["escalate"]:
        return "refusal" if code == "sexual_request" else "review"
    if answer["decision"] == "route" and answer["service"] in SERVICES:
        return "route"
    if answer["decision"] != "confirm":
        return "review"
    return "more" if code in {"not_enough_information", "too_short"} else "confirm"


def numbers_to_call(wording: Mapping[str, Any], message: str) -> list[str]:
    """The numbers with a button that the message names, in its order."""
    named = [number for number in wording["calls"] if number in message]
    return sorted(named, key=message.index)


def _read(language: str, text: str) -> dict[str, Any]:
    name = f"messages/form-{language}.toml"
    try:
        wording = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidFile(name, "syntax", str(error)) from None
    for key in (*_TOP, *_TABLES):
        _check(name, key, wording.get(key))
    for table, keys in _TABLES.items():
        if not isinstance(wording[table], dict):
            raise InvalidFile(name, table, "must be a table")
        for key in keys:
            _check(name, f"{table}.{key}", wording[table].get(key))
    for number, call in wording["calls"].items():
        for key in ("button", "line"):
            _check(name, f"calls.{number}.{key}", call.get(key))
    known = {"": (*_TOP, *_TABLES), **{table: keys for table, keys in _TABLES.items() if table != "calls"}}
    for table, keys in known.items():
        for key in (wording[table] if table else wording).keys() - set(keys):
            raise InvalidFile(name, f"{table}.{key}".lstrip("."), "is not a key of this file")
    return wording


def _check(name: str, key: str, value: object) -> None:
    if not value or (isinstance(value, str) and not value.strip()):
        raise InvalidFile(name, key, "is missing or empty")
