"""Two models on the same texts: paired differences with intervals, and whose answers changed, both ways."""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Self

import numpy as np
from scipy.stats import binomtest, norm

from model.taxonomy import alarm_codes
from model.triage import TriageModel
from model.types import Prediction
from training.challenge import ChallengeItem
from training.data import LabelledEnquiry
from training.evaluate import ALARMS, Case
from training.reliability import calibration_error

SLICES = ("all", "en", "es")
Progress = Callable[[int, int], None]
"""Called with texts done and texts in all."""

_BATCH = 64
_BINS = 10
_TIMED = 60


@dataclass(frozen=True, slots=True)
class Paired:
    """A share of the same texts by two models.

    gained, lost : ids on which only the candidate, only the champion has what is counted
    """

    champion: int
    candidate: int
    of: int
    gained: tuple[str, ...]
    lost: tuple[str, ...]

    @classmethod
    def count(cls, rows: Iterable[tuple[str, bool, bool]]) -> Self:
        """From one row a text: its id, and whether champion and candidate have what is counted."""
        every = list(rows)
        return cls(
            champion=sum(one for _, one, _ in every),
            candidate=sum(other for *_, other in every),
            of=len(every),
            gained=tuple(name for name, one, other in every if other and not one),
            lost=tuple(name for name, one, other in every if one and not other),
        )

    @property
    def difference(self) -> float:
        """Candidate minus champion; NaN when there is nothing to count."""
        return (self.candidate - self.champion) / self.of if self.of else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Of 95 %: adjusted Wald for paired shares (Bonett and Price, 2012), which holds when few texts differ."""
        if not self.of:
            return -1.0, 1.0
        up, down = ((len(ids) + 1) / (self.of + 2) for ids in (self.gained, self.lost))
        half = norm.ppf(0.975) * math.sqrt((up + down - (up - down) ** 2) / (self.of + 2))
        return max(-1.0, up - down - half), min(1.0, up - down + half)

    @property
    def p(self) -> float:
        """Exact two-sided p of McNemar's test (1947): how easily chance alone divides the differing texts so."""
        differing = len(self.gained) + len(self.lost)
        return float(binomtest(len(self.gained), differing).pvalue) if differing else 1.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two models say of the frozen sets.

    figures : by slice (`all`, `en`, `es`) and name
    calibration : expected calibration error of champion and candidate, 0 to 1
    latency : median seconds for one enquiry, of champion and candidate, measured in turns
    """

    champion: str
    candidate: str
    figures: dict[str, dict[str, Paired]]
    calibration: tuple[float, float]
    latency: tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A text, its language, and for two models whether what is counted holds."""

    id: str
    language: str
    champion: bool
    candidate: bool


def compare(
    champion: TriageModel,
    candidate: TriageModel,
    test: Sequence[LabelledEnquiry],
    challenge: Sequence[ChallengeItem],
    progress: Progress,
) -> Comparison:
    """Ask both models about the frozen sets."""
    total = 2 * (len(test) + len(challenge))
    done = 0

    def ask(model: TriageModel, texts: Sequence[str]) -> list[Prediction]:
        nonlocal done
        answers: list[Prediction] = []
        for start in range(0, len(texts), _BATCH):
            answers += model.predict(texts[start : start + _BATCH])
            done += len(texts[start : start + _BATCH])
            progress(done, total)
        return answers

    texts, items = [row.text for row in test], [item.text for item in challenge]
    cases = [
        [Case(row, answer) for row, answer in zip(test, ask(model, texts), strict=True)]
        for model in (champion, candidate)
    ]
    readings = [[_raised(answer) for answer in ask(model, items)] for model in (champion, candidate)]
    counted = {**_counted(*cases), **_read(challenge, *readings)}
    return Comparison(
        champion=champion.version,
        candidate=candidate.version,
        figures={
            part: {
                name: Paired.count(
                    (pair.id, pair.champion, pair.candidate) for pair in pairs if part in ("all", pair.language)
                )
                for name, pairs in counted.items()
            }
            for part in SLICES
        },
        calibration=(_calibration_error(cases[0]), _calibration_error(cases[1])),
        latency=_latency(champion, candidate, texts[:: max(1, len(texts) // _TIMED)]),
    )


def _counted(champion: Sequence[Case], candidate: Sequence[Case]) -> dict[str, list[_Pair]]:
    def pairs(hit: Callable[[Case], bool], among: Callable[[LabelledEnquiry], bool] = lambda _: True) -> list[_Pair]:
        return [
            _Pair(one.enquiry.id, one.enquiry.language, hit(one), hit(other))
            for one, other in zip(champion, candidate, strict=True)
            if among(one.enquiry)
        ]

    return {
        "service right": pairs(lambda case: case.right),
        "service right, everyday": pairs(lambda case: case.right, lambda row: row.part == "everyday"),
        "everyday unflagged, routed": pairs(lambda case: case.routed, _plain),
        "routed to the wrong service": pairs(lambda case: case.routed and not case.right),
        "alarms caught": pairs(lambda case: case.alarm, lambda row: bool(row.flags & ALARMS)),
        "alarms on everyday unflagged": pairs(lambda case: case.alarm, _plain),
        "alarms on contrast": pairs(lambda case: case.alarm, lambda row: bool(row.contrast)),
        **{f"caught: {code}": pairs(lambda case: case.alarm, _has(code)) for code in alarm_codes()},
    }


def _read(
    challenge: Sequence[ChallengeItem], champion: Sequence[bool], candidate: Sequence[bool]
) -> dict[str, list[_Pair]]:
    rows = list(zip(challenge, champion, candidate, strict=True))
    return {
        "challenge, right reading": [
            _Pair(item.id, item.language, one == bool(item.expected), other == bool(item.expected))
            for item, one, other in rows
        ],
        "challenge, stated signs raised": [
            _Pair(item.id, item.language, one, other) for item, one, other in rows if item.expected
        ],
    }


def _has(code: str) -> Callable[[LabelledEnquiry], bool]:
    return lambda row: code in row.flags


def _plain(row: LabelledEnquiry) -> bool:
    return row.part == "everyday" and not row.flags and not row.contrast


def _raised(prediction: Prediction) -> bool:
    return any(flag.code in ALARMS for flag in prediction.flags)


def _calibration_error(cases: Sequence[Case]) -> float:
    right = np.array([case.right for case in cases])
    confidence = np.array([case.prediction.confidence for case in cases])
    return calibration_error(confidence, right, np.ones(len(cases)), _BINS)


def _latency(champion: TriageModel, candidate: TriageModel, texts: Sequence[str]) -> tuple[float, float]:
    """In turns, so that whatever else the machine does falls on both alike."""
    spent: tuple[list[float], list[float]] = [], []
    for text in texts:
        for model, times in zip((champion, candidate), spent, strict=True):
            start = time.perf_counter()
            model.predict_one(text)
            times.append(time.perf_counter() - start)
    return median(spent[0]), median(spent[1])
