"""Predictions for a whole file of enquiries: in partitions, resumable, in one process or on a Dask cluster.

Beside the target grows the folder `.TARGET.parts`: `job.json` says of which file, model and partition size it is, and
each partition that is done is a file that appeared complete. A run that was killed goes on from there.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from filelock import FileLock, Timeout
from threadpoolctl import threadpool_limits

from model.errors import InvalidData, InvalidEnquiry, InvalidFile
from model.store import ModelStore
from model.triage import TriageModel
from model.types import Enquiry
from training.tables import Row, Table, open_table

PARTITION = 1_000
_BATCH = 250


Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, rows done, and rows in all (None while that is not known)."""


@dataclass(frozen=True, slots=True)
class Work:
    """One partition, on its way to whoever predicts it. Its repr, which an engine may log, has no enquiry in it."""

    number: int
    texts: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Work({self.number}, {len(self.texts)} texts)"


@dataclass(frozen=True, slots=True)
class Answers:
    """A partition's predictions as JSON, on their way back; as silent."""

    number: int
    predictions: tuple[Row, ...]

    def __repr__(self) -> str:
        return f"Answers({self.number}, {len(self.predictions)} predictions)"


Engine = Callable[[Path, str, Iterator[Work]], Iterator[Answers]]
"""Predicts partitions with a version of the store at a path; they may come back in any order, each once."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What a run did.

    resumed : rows that an earlier run had done
    """

    rows: int
    resumed: int


def predict(root: str, version: str, work: Work) -> Answers:
    """One partition, by the model of a store. The same on every machine: one BLAS thread, batches of one size."""
    model = _loaded(root, version)
    predictions: list[Row] = []
    with threadpool_limits(1):
        for start in range(0, len(work.texts), _BATCH):
            predictions += [answer.to_dict() for answer in model.predict(work.texts[start : start + _BATCH])]
    return Answers(work.number, tuple(predictions))


@lru_cache(maxsize=1)
def _loaded(root: str, version: str) -> TriageModel:
    return ModelStore(Path(root)).load(version)


def local(root: Path, version: str, work: Iterator[Work]) -> Iterator[Answers]:
    """The engine that is this process."""
    for part in work:
        yield predict(str(root), version, part)


def score(
    source: Path, target: Path, text_column: str, store: ModelStore, version: str, engine: Engine, progress: Progress
) -> Scored:
    """Predict each row of a CSV, JSONL or Parquet file.

    Every row is checked before the first prediction, so that a mistake in the last row is told at once. The target
    appears when all is done. A column that bears the name of a prediction's field is kept as `input_NAME`.

    Raises InvalidFile for a format or a target that cannot be used, or parts of another run beside the target;
    InvalidData for a row that cannot be read.
    """
    if target.exists():
        raise InvalidFile(target, "file", "is there already; choose another name or delete it first")
    if source.suffix != target.suffix:
        raise InvalidFile(target, "file", f"must end in {source.suffix}, as the input does")
    table = open_table(source, text_column)
    store.manifest(version)
    total = _check(table, text_column, progress)
    parts = _Parts(target)
    job: dict[str, str | int] = {
        "sha256": _digest(source),
        "text_column": text_column,
        "model": version,
        "partition": PARTITION,
    }
    waiting: dict[int, Sequence[Row]] = {}
    resumed = done = 0

    def work() -> Iterator[Work]:
        nonlocal resumed, done
        for number, rows in enumerate(table.partitions(PARTITION)):
            if parts.has(number):
                resumed += len(rows)
                done += len(rows)
                progress("predicting", done, total)
                continue
            waiting[number] = rows
            yield Work(number, tuple(row[text_column] for row in rows))

    with parts.opened(job):
        for answers in engine(store.root, version, work()):
            rows = waiting.pop(answers.number)
            parts.keep(answers.number, table.render(rows, answers.predictions))
            done += len(rows)
            progress("predicting", done, total)
        parts.join(table, -(-total // PARTITION))
    return Scored(total, resumed)


def _check(table: Table, text_column: str, progress: Progress) -> int:
    """Read every row once; returns how many there are."""
    total = 0
    for number, row in enumerate(table.rows(), 1):
        if text_column not in row:
            raise InvalidData([f"{table.source}, enquiry {number}: has no {text_column!r}; name it with --text-column"])
        try:
            Enquiry(row[text_column])
        except InvalidEnquiry as error:
            raise InvalidData(
                [f"{table.source}, enquiry {number}, {text_column}: {error.reason}; mend or delete it"]
            ) from None
        total = number
        if number % PARTITION == 0:
            progress("checking", number, None)
    return total


def _digest(source: Path) -> str:
    with source.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class _Parts:
    """The folder of partitions that are done."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._folder = target.with_name(f".{target.name}.parts")

    @contextmanager
    def opened(self, job: dict[str, str | int]) -> Iterator[None]:
        """For one run at a time, on the same job as the runs before."""
        self._prepare(json.dumps(job))
        try:
            with FileLock(self._folder / "lock", timeout=0):
                yield
        except Timeout:
            raise InvalidFile(self._folder, "lock", "another run writes this target; wait for it") from None

    def _prepare(self, job: str) -> None:
        file = self._folder / "job.json"
        if self._folder.is_dir():
            if not file.is_file() or file.read_text("utf-8") != job:
                reason = "holds parts of a run on another file, column or model; delete the folder to begin anew"
                raise InvalidFile(self._folder, "job.json", reason)
            return
        # Complete or not at all, as each part.
        scratch = self._folder.with_name(f"{self._folder.name}-new")
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        (scratch / "job.json").write_text(job, "utf-8")
        scratch.replace(self._folder)

    def has(self, number: int) -> bool:
        return self._part(number).is_file()

    def keep(self, number: int, content: bytes) -> None:
        scratch = self._folder / "unfinished"
        scratch.write_bytes(content)
        scratch.replace(self._part(number))

    def join(self, table: Table, parts: int) -> None:
        scratch = self._folder / "joined"
        table.join((self._part(number) for number in range(parts)), scratch)
        scratch.replace(self._target)
        shutil.rmtree(self._folder)

    def _part(self, number: int) -> Path:
        return self._folder / f"{number:08d}"
