"""A bounded file for rows that the log could not take, kept until it can.

It holds of an enquiry's text what the log would hold. Processes share it: appending is a matter of a moment, under a
lock; who writes it to the log first moves it aside, so that a slow database never stands in the way of a visitor.
"""

import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

from filelock import FileLock, Timeout

from service.log import Row
from service.tables import LoggedPrediction

_logger = logging.getLogger("service")
_AT_ONCE = 100
_LOCK_SECONDS = 0.5


class Spool:
    """Rows on their way to the log.

    file : made when it is needed
    limit : bytes; what would go beyond is not taken
    """

    def __init__(self, file: Path, limit: int) -> None:
        self._file, self._limit = file, limit
        self._draining = file.with_name(file.name + ".draining")
        self._appending = FileLock(f"{file}.lock", timeout=_LOCK_SECONDS)
        self._one_drains = FileLock(f"{file}.draining.lock", timeout=0)

    def add(self, rows: Sequence[Row]) -> bool:
        """Take rows; False when it is full, or the disk is, or the file cannot be written."""
        content = "".join(json.dumps(row, default=datetime.isoformat) + "\n" for row in rows).encode()
        if self.size() + len(content) > self._limit:
            return False
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._appending:
                _append(self._file, content)
        except (OSError, Timeout):
            return False
        return True

    def size(self) -> int:
        """Bytes waiting."""
        return sum(_size(file) for file in (self._file, self._draining))

    def drain(self, write: Callable[[Sequence[Row]], object]) -> None:
        """Hand all rows to `write` and forget them.

        write : may get a row a second time after an error, and must then leave it out

        Raises what `write` raises; the rows are then kept. Does nothing while another process drains.
        """
        if not self.size():
            return
        try:
            with self._one_drains:
                # What an earlier attempt left comes first.
                while self._draining.exists() or self._move_aside():
                    waiting = _rows(self._draining)
                    while rows := list(islice(waiting, _AT_ONCE)):
                        write(rows)
                    self._draining.unlink()
        except Timeout:
            return

    def _move_aside(self) -> bool:
        with self._appending:
            if not _size(self._file):
                return False
            self._file.replace(self._draining)
            return True


def _append(file: Path, content: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        before = os.fstat(descriptor).st_size
        if os.write(descriptor, content) < len(content):
            # The disk is full half-way through a row.
            os.ftruncate(descriptor, before)
            raise OSError
    finally:
        os.close(descriptor)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _rows(file: Path) -> Iterator[Row]:
    # An older release may have left it: its rows lack the columns that came since.
    empty = dict.fromkeys(LoggedPrediction.__table__.columns.keys())
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                row["created"] = datetime.fromisoformat(row["created"])
            except (ValueError, TypeError, KeyError):
                # A power cut, perhaps. The line itself may hold an enquiry.
                _logger.error("%s, line %d is damaged and was left out", file, number)  # noqa: TRY400
                continue
            yield empty | row
