"""The error family: each error writes its own sentence and keeps the facts.

No message ever contains the text of an enquiry: it is health data.
"""

from collections.abc import Sequence
from pathlib import Path


class TriageError(Exception):
    """Something a user can put right; its message says what and where."""


class InvalidEnquiry(TriageError):
    """An enquiry that cannot be read at all.

    Attributes: `field`, the part at fault, and `reason`, why, in words that do not quote it.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


class InvalidData(TriageError):
    """Labelled enquiries that break the annotation guide's form; all complaints at once, one a line."""

    def __init__(self, complaints: Sequence[str]) -> None:
        super().__init__("\n".join(complaints))
        self.complaints = tuple(complaints)


class InvalidFile(TriageError):
    """A file of rules, settings or messages that breaks its form."""

    def __init__(self, file: str | Path, where: str, reason: str) -> None:
        super().__init__(f"{file}: {where}: {reason}")
        self.file, self.where, self.reason = str(file), where, reason


class ModelNotFound(TriageError):
    """The store has no model of that version, or no champion yet."""

    def __init__(self, root: Path, version: str | None = None) -> None:
        wanted = f"no model {version!r}" if version else "no champion model"
        remedy = "see `triage models`" if version else "make one with `triage train`"
        super().__init__(f"{root}: {wanted}; {remedy}")
        self.root, self.version = root, version


class DamagedModel(TriageError):
    """A model folder is not what its manifest describes; nothing in it was opened."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"{folder}: {reason}. Nothing in it was opened; restore the folder from a backup, "
            "promote another version (`triage models`), or train again (`triage train`)"
        )
        self.folder, self.reason = folder, reason


class ForeignModel(TriageError):
    """A model made by another release of this project or of a library it depends on."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"{folder}: {reason}; train again with `triage train`, or run the release that made it")
        self.folder, self.reason = folder, reason
