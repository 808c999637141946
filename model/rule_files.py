"""The rule files that ship with the package."""

from collections.abc import Mapping
from importlib.resources import files


def packaged_rules() -> Mapping[str, str]:
    """Text of each packaged rule file by its name: one pack a language, and the context's cues."""
    folder = files("model") / "rules"
    return {
        entry.name: entry.read_text("utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    }
