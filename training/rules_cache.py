"""What the rules state of texts, kept by the texts' hashes, so that monthly training reads only what is new."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.metadata import version as installed
from importlib.resources import files
from pathlib import Path

from model.encoder import text_hash
from model.red_flags import RedFlags


def stated_by(red_flags: RedFlags, texts: Sequence[str]) -> list[frozenset[str]]:
    """For each text the codes that the rules state."""
    return [frozenset(flag.code for flag in red_flags.read(text).flags) for text in texts]


class CachedRules:
    """The same with a file of what was read before, without the texts.

    It counts only as long as rules, the code that reads by them and the library that cuts words are the same.

    folder : made when the first reading is kept

    Raises InvalidFile when a rule file breaks its form.
    """

    def __init__(self, rules: Mapping[str, str], folder: Path) -> None:
        self._red_flags = RedFlags(rules)
        self._made_by = _digest(rules)
        self._file = folder / "rules.json"

    def __call__(self, texts: Sequence[str]) -> list[frozenset[str]]:
        """All texts, in order."""
        hashes = [text_hash(text) for text in texts]
        new = {name: text for name, text in zip(hashes, texts, strict=True) if name not in self._kept}
        if new:
            read = stated_by(self._red_flags, list(new.values()))
            self._kept.update(zip(new, (sorted(codes) for codes in read), strict=True))
            self._keep()
        return [frozenset(self._kept[name]) for name in hashes]

    @cached_property
    def _kept(self) -> dict[str, list[str]]:
        try:
            content = json.loads(self._file.read_text("utf-8"))
            return dict(content["stated"]) if content["made_by"] == self._made_by else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}  # none yet, or one cut short: all is read anew

    def _keep(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps({"made_by": self._made_by, "stated": self._kept})
        with tempfile.NamedTemporaryFile("w", dir=self._file.parent, suffix=".part", delete=False) as scratch:
            scratch.write(content)
        os.replace(scratch.name, self._file)  # noqa: PTH105 - whole or not at all


def _digest(rules: Mapping[str, str]) -> str:
    digest = hashlib.sha256(repr((sorted(rules.items()), installed("spacy"))).encode())
    for entry in sorted(files("model").iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith((".py", ".toml")):
            digest.update(entry.read_bytes())
    return digest.hexdigest()
