"""A model on the frozen sets: what it gets right, by part, language and flag, with intervals; misses by id."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from model.taxonomy import alarm_codes
from model.triage import TriageModel
from model.types import Decision, Prediction
from training.challenge import ChallengeItem
from training.data import LabelledEnquiry
from training.figures import Share

ALARMS = frozenset(alarm_codes())
_PARTS = ("everyday", "borderline", "flags", "contrast")


@dataclass(frozen=True, slots=True)
class Case:
    """An enquiry and what a model said of it."""

    enquiry: LabelledEnquiry
    prediction: Prediction

    @property
    def right(self) -> bool:
        """Whether the service is the labelled one."""
        return (self.prediction.service or "other") == self.enquiry.service

    @property
    def routed(self) -> bool:
        """Whether the visitor is sent to a booking page without a question."""
        return self.prediction.decision is Decision.ROUTE

    @property
    def raised(self) -> set[str]:
        """Codes that the model raised."""
        return {flag.code for flag in self.prediction.flags}

    @property
    def alarm(self) -> bool:
        """Whether an emergency or urgent sign was raised."""
        return bool(self.raised & ALARMS)

    @property
    def truly_alarm(self) -> bool:
        """Whether one is labelled."""
        return bool(self.enquiry.flags & ALARMS)

    @property
    def unflagged(self) -> bool:
        """Whether nothing is labelled."""
        return not self.enquiry.flags and not self.enquiry.contrast


_Test = Callable[[Case], bool]


def evaluate(model: TriageModel, test: Sequence[LabelledEnquiry], challenge: Sequence[ChallengeItem]) -> dict[str, Any]:
    """Figures ready for JSON: for `all`, `en` and `es` a share with its 95 % interval by name, and the misses.

    `misses` names, by id alone, the alarms that were not raised, the gravest kind of error first in the report.
    """
    predictions = model.predict([enquiry.text for enquiry in test])
    cases = [Case(enquiry, prediction) for enquiry, prediction in zip(test, predictions, strict=True)]
    readings = [
        {flag.code for flag in found.flags} & ALARMS for found in model.predict([item.text for item in challenge])
    ]
    items = list(zip(challenge, readings, strict=True))
    figures = {
        name: _figures(
            [case for case in cases if name in ("all", case.enquiry.language)],
            [pair for pair in items if name in ("all", pair[0].language)],
        )
        for name in ("all", "en", "es")
    }
    return {
        "model_version": model.version,
        "figures": figures,
        "misses": {
            "alarm_not_raised": [case.enquiry.id for case in cases if case.truly_alarm and not case.alarm],
            "challenge_stated_not_raised": [item.id for item, raised in items if item.expected and not raised],
        },
    }


def _figures(cases: Sequence[Case], items: Sequence[tuple[ChallengeItem, set[str]]]) -> dict[str, Any]:
    rows: dict[str, dict[str, Any]] = {
        f"service right, {part}": _share(cases, lambda case: case.right, _in_part(part)) for part in _PARTS
    }
    rows |= {
        "neither service, recognised": _share(cases, lambda case: case.prediction.service is None, _is_other),
        "neither service, not routed": _share(cases, lambda case: not case.routed, _is_other),
        "everyday unflagged, routed": _share(cases, lambda case: case.routed, _plain),
        "routed, wrong": _share(cases, lambda case: not case.right, lambda case: case.routed),
        "alarms caught": _share(cases, lambda case: case.alarm, lambda case: case.truly_alarm),
        "alarms raised, with the right code": _share(
            cases,
            lambda case: bool(case.raised & case.enquiry.flags & ALARMS),
            lambda case: case.truly_alarm and case.alarm,
        ),
        "alarms on everyday unflagged": _share(cases, lambda case: case.alarm, _plain),
        "alarms on contrast": _share(cases, lambda case: case.alarm, lambda case: bool(case.enquiry.contrast)),
    }
    rows |= {f"caught: {code}": _share(cases, lambda case: case.alarm, _has(code)) for code in alarm_codes()}
    right = [bool(raised) == bool(item.expected) for item, raised in items]
    pseudo = [bool(raised) for item, raised in items if item.construction == "pseudo_negation"]
    rows["challenge, right reading"] = Share(sum(right), len(right)).to_dict()
    rows["challenge, pseudo-negations raised"] = Share(sum(pseudo), len(pseudo)).to_dict()
    return rows


def _in_part(part: str) -> _Test:
    return lambda case: case.enquiry.part == part


def _has(code: str) -> _Test:
    return lambda case: code in case.enquiry.flags


def _is_other(case: Case) -> bool:
    return case.enquiry.service == "other"


def _plain(case: Case) -> bool:
    return case.enquiry.part == "everyday" and case.unflagged


def _share(cases: Sequence[Case], hit: _Test, among: _Test) -> dict[str, Any]:
    chosen = [case for case in cases if among(case)]
    return Share(sum(map(hit, chosen)), len(chosen)).to_dict()
