"""Who let which model serve, when and why: a list beside the models that is only ever added to.

A change is written down before it is made, so that none is ever made without a record. What was written down and then
not made (a crash, a full disk) is told by what follows: the next change, or the pointer to the champion, still starts
from the model before.
"""

import json
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from model.errors import ModelNotFound, TriageError
from model.store import ModelStore
from training.gates import Verdict

_LIST = "promotions.jsonl"


class GatesClosed(TriageError):
    """A candidate that does not pass every gate."""

    def __init__(self, version: str, verdicts: Sequence[Verdict]) -> None:
        lines = [str(verdict) for verdict in verdicts if not verdict.passed]
        remedy = f"{version} was not promoted; mend it, or say why it serves all the same with --override 'why'"
        super().__init__("\n".join([*lines, remedy]))
        self.version = version


class NothingToRollBack(TriageError):
    """The list does not say which model served before."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason}; name a version with `triage promote` (`triage models` lists them)")


class Change(BaseModel):
    """One line of the list.

    before : the champion until then, None for the first
    failed : gates that were not passed, each in one line
    override : why it was promoted all the same; empty when no gate failed
    """

    model_config = ConfigDict(frozen=True)

    when: datetime
    who: str
    action: Literal["promote", "rollback"]
    version: str
    before: str | None
    failed: tuple[str, ...] = ()
    override: str = ""


class Promotions:
    """The list of one store."""

    def __init__(self, store: ModelStore) -> None:
        self._store = store
        self._file = store.root / _LIST

    def all(self) -> list[Change]:
        """Every change that was made, the oldest first."""
        written = self._written()
        starts = [*(change.before for change in written), champion_of(self._store)]
        return [
            change
            for change, then in zip(written, starts[1:], strict=True)
            if then == change.version or then != change.before
        ]

    def promote(self, version: str, who: str, now: datetime, verdicts: Sequence[Verdict], override: str) -> None:
        """Let a version serve, if it passes the gates or an override says why; both are recorded.

        Raises GatesClosed, ModelNotFound, DamagedModel or ForeignModel, and changes nothing.
        """
        failed = tuple(str(verdict) for verdict in verdicts if not verdict.passed)
        if failed and not override:
            raise GatesClosed(version, verdicts)
        self._store.check(version)
        with self._alone():
            before = champion_of(self._store)
            why = override if failed else ""
            self._make(
                Change(when=now, who=who, action="promote", version=version, before=before, failed=failed, override=why)
            )

    def rollback(self, who: str, now: datetime) -> Change:
        """Let the model serve again that served before the champion was promoted; once more goes one step further.

        Raises NothingToRollBack, ModelNotFound, DamagedModel or ForeignModel, and changes nothing.
        """
        with self._alone():
            champion, steps = champion_of(self._store), self._steps()
            if not steps or steps[-1].before is None:
                raise NothingToRollBack("no earlier champion is on record")
            if steps[-1].version != champion:
                raise NothingToRollBack(f"the champion {champion} was not promoted by this list")
            self._store.check(steps[-1].before)
            change = Change(when=now, who=who, action="rollback", version=steps[-1].before, before=champion)
            self._make(change)
            return change

    def _steps(self) -> list[Change]:
        """Promotions that were not rolled back, the latest last."""
        steps: list[Change] = []
        for change in self.all():
            if change.action == "promote":
                steps.append(change)
            elif steps:
                steps.pop()
        return steps

    def _alone(self) -> FileLock:
        return FileLock(self._store.root / ".promotions.lock", timeout=30)

    def _written(self) -> list[Change]:
        """All that was written down. A line that a cut of power left half-written is passed over."""
        try:
            lines = self._file.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []
        changes: list[Change] = []
        for line in lines:
            try:
                changes.append(Change.model_validate_json(line))
            except ValidationError:
                continue
        return changes

    def _make(self, change: Change) -> None:
        line = json.dumps(change.model_dump(mode="json"), ensure_ascii=False) + "\n"
        with self._file.open("ab+") as stream:
            stream.seek(0)
            # What a cut of power left half-written must not swallow this line.
            broken = stream.read()[-1:] not in (b"", b"\n")
            stream.write(("\n" * broken + line).encode())
            stream.flush()
            os.fsync(stream.fileno())
        self._store.promote(change.version)


def champion_of(store: ModelStore) -> str | None:
    """The champion, or None when there is none or the store is missing."""
    try:
        return store.champion()
    except ModelNotFound:
        return None
