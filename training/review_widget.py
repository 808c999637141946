"""The review queue in a notebook: a widget that is worked by keyboard or mouse."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from model.taxonomy import annotated_codes, taxonomy
from model.types import Service
from training.logbook import Logbook, LogUnreadable
from training.marking import marked
from training.review_queue import SAMPLES, Queue, Samples

_FOLDER = Path(__file__).parent


def _now() -> datetime:
    return datetime.now(UTC)


class ReviewWidget(anywidget.AnyWidget):
    """Asks who reviews which sample, then shows one enquiry after the other.

    The model's answer, and what it marked in the text, are shown only after the verdict is kept: whoever knows an
    answer tends to agree with it.
    """

    _esm = _FOLDER / "review.js"
    _css = _FOLDER / "review.css"
    screen = traitlets.Dict().tag(sync=True)

    def __init__(self, logbook: Logbook, samples: Samples, clock: Callable[[], datetime] = _now) -> None:
        super().__init__()
        self._logbook, self._samples, self._clock = logbook, samples, clock
        self._queue: Queue | None = None
        self.screen = self._start()
        self.on_msg(lambda _, message, __: self.receive(message))

    def receive(self, message: dict[str, Any]) -> None:
        """What the page sends: `act`, and what the act needs."""
        acts: dict[str, Callable[..., dict[str, Any]]] = {
            "begin": self._begin,
            "judge": self._judge,
            "skip": self._skip,
            "next": self._next,
            "leave": self._start,
        }
        try:
            self.screen = acts[message["act"]](**{name: value for name, value in message.items() if name != "act"})
        except LogUnreadable as error:
            self.screen = {**self.screen, "problem": str(error)}

    def _start(self) -> dict[str, Any]:
        now = self._clock()
        sizes = {name: len(self._samples.rows(name, now)) for name in SAMPLES}
        samples = [{"name": name, "title": title, "size": sizes[name]} for name, title in SAMPLES.items()]
        return {"kind": "start", "samples": samples}

    def _begin(self, reviewer: str, sample: str) -> dict[str, Any]:
        rows = self._samples.rows(sample, self._clock())
        self._queue = Queue(self._logbook, rows, sample, reviewer.strip()[:64], self._clock)
        return self._next()

    def _next(self) -> dict[str, Any]:
        queue = self._queue
        if queue is None:
            return self._start()
        row = queue.current
        common = {"done": queue.done, "total": queue.total, "reviewer": queue.reviewer, "title": SAMPLES[queue.sample]}
        if row is None:
            return {"kind": "end", **common}
        return {
            "kind": "judge",
            **common,
            "html": marked(row["text"], [], []),
            "language": row["language"],
            "services": list(Service),
            "flags": [
                {"code": code, "urgency": taxonomy()[code].urgency.label, "meaning": taxonomy()[code].meaning}
                for code in annotated_codes()
            ],
        }

    def _skip(self) -> dict[str, Any]:
        if self._queue:
            self._queue.skip()
        return self._next()

    def _judge(self, service: str, flags: list[str]) -> dict[str, Any]:
        queue = self._queue
        if queue is None:
            return self._start()
        row = queue.judge(service, flags)
        return {
            "kind": "shown",
            "done": queue.done,
            "total": queue.total,
            "reviewer": queue.reviewer,
            "title": SAMPLES[queue.sample],
            "html": marked(row["text"], row["flags"], row["set_aside"]),
            "language": row["language"],
            "rows": [
                ["service", service, row["answer"], service == row["answer"]],
                ["flags", _names(flags), _names(_annotated(row)), set(flags) == set(_annotated(row))],
            ],
            "answer": f"{row['decision']}, {row['confidence']:.0%} sure, model {row['model_version']}",
            "aside": [f"{item['code']}: {item['axis']} (“{item['cue']}”)" for item in row["set_aside"]],
            "saved": f"{self._clock():%H:%M} UTC",
        }


def _annotated(row: dict[str, Any]) -> list[str]:
    """Flags that people label too; the model's own, such as `ambiguous`, say something about its answer."""
    return [code for code in annotated_codes() if code in row["codes"]]


def _names(codes: list[str]) -> str:
    return ", ".join(code.replace("_", " ") for code in codes) or "none"
