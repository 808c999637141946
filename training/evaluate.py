"""A model on the frozen sets: what it gets right, by part, language and flag, with intervals; misses by id."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from model.taxonomy import Urgency, alarm_codes, annotated_codes, taxonomy
from model.triage import TriageModel
from model.types import Decision, Prediction
from training.challenge import ChallengeItem
from training.data import LabelledEnquiry
from training.figures import Share
from training.noise import with_typos, without_accents
from training.reliability import bootstrap, calibration_error, chance_error

ALARMS = frozenset(alarm_codes())
_BINS = 15
_SPOILT: dict[str, Callable[[str, random.Random], str]] = {
    "without accents": lambda text, _: without_accents(text),
    "lower case": lambda text, _: text.lower(),
    "5 % typos": lambda text, chance: with_typos(text, 0.05, chance),
}
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


def evaluate(
    model: TriageModel,
    test: Sequence[LabelledEnquiry],
    challenge: Sequence[ChallengeItem],
    foreign: Sequence[LabelledEnquiry] = (),
) -> dict[str, Any]:
    """Figures ready for JSON: for `all`, `en` and `es` a share with its 95 % interval by name, and the misses.

    foreign : enquiries in unsupported languages

    `calibration` is the error of the confidence by slice, with its interval (see training.reliability), over 15 bins of
    equally many; `noise` the service right on the test when it is misspelt, and how far that is below the clean texts;
    `languages` how many of the unsupported were not routed, or rightly.

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
        "calibration": {
            name: _calibration([case for case in cases if name in ("all", case.enquiry.language)])
            for name in ("all", "en", "es")
        },
        "noise": _noise(model, cases),
        "languages": _languages(model, foreign, cases),
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
    rows |= {f"{name} flags, {kind}": found.to_dict() for name, kind, found in _lesser_flags(cases)}
    rows |= {f"caught: {code}": _share(cases, lambda case: case.alarm, _has(code)) for code in alarm_codes()}
    right = [bool(raised) == bool(item.expected) for item, raised in items]
    pseudo = [bool(raised) for item, raised in items if item.construction == "pseudo_negation"]
    rows["challenge, right reading"] = Share(sum(right), len(right)).to_dict()
    rows["challenge, pseudo-negations raised"] = Share(sum(pseudo), len(pseudo)).to_dict()
    return rows


def _lesser_flags(cases: Sequence[Case]) -> Iterator[tuple[str, str, Share]]:
    """Recall and precision over all flags of a level."""
    for level in (Urgency.REVIEW, Urgency.CONFIRM):
        codes = {code for code in annotated_codes() if taxonomy()[code].urgency is level}
        hits = sum(len(case.raised & case.enquiry.flags & codes) for case in cases)
        yield level.label, "caught", Share(hits, sum(len(case.enquiry.flags & codes) for case in cases))
        yield level.label, "right among raised", Share(hits, sum(len(case.raised & codes) for case in cases))


def _calibration(cases: Sequence[Case]) -> dict[str, float]:
    confidence = np.array([case.prediction.confidence for case in cases])
    right = np.array([case.right for case in cases])
    if not len(cases):
        return {}
    even = np.ones(len(cases))
    measure = partial(calibration_error, bins=_BINS)
    low, high = bootstrap(measure, confidence, right, even, seed=0)
    values = {"value": measure(confidence, right, even), "low": low, "high": high}
    # Even honest confidence strays this far on so few texts.
    values["by_chance"] = chance_error(confidence, even, seed=0, bins=_BINS)
    return {name: round(value, 4) for name, value in values.items()}


def _noise(model: TriageModel, cases: Sequence[Case]) -> dict[str, dict[str, float]]:
    clean = Share(sum(case.right for case in cases), len(cases))
    found: dict[str, dict[str, float]] = {}
    for name, spoil in _SPOILT.items():
        chance = random.Random(0)  # noqa: S311 - not for secrets
        predictions = model.predict([spoil(case.enquiry.text, chance) for case in cases])
        spoilt = [Case(case.enquiry, prediction) for case, prediction in zip(cases, predictions, strict=True)]
        share = Share(sum(case.right for case in spoilt), len(spoilt))
        alarms = [case for case in spoilt if case.truly_alarm]
        caught = Share(sum(case.alarm for case in alarms), len(alarms))
        found[name] = share.to_dict() | {"loss": round(clean.value - share.value, 4), "caught": round(caught.value, 4)}
    return found


def _languages(
    model: TriageModel, foreign: Sequence[LabelledEnquiry], cases: Sequence[Case]
) -> dict[str, dict[str, Any]]:
    predictions = model.predict([enquiry.text for enquiry in foreign])
    asked = [Case(enquiry, prediction) for enquiry, prediction in zip(foreign, predictions, strict=True)]
    rows = {"unsupported, not routed": _share(asked, lambda case: not case.routed, lambda _: True)}
    rows["unsupported, not routed or rightly"] = _share(
        asked, lambda case: not case.routed or case.right, lambda _: True
    )
    rows["unsupported alarms, not routed"] = _share(asked, lambda case: not case.routed, lambda case: case.truly_alarm)
    for language in sorted({enquiry.language for enquiry in foreign}):
        own = [case for case in asked if case.enquiry.language == language]
        rows[f"{language}, not routed or rightly"] = _share(
            own, lambda case: not case.routed or case.right, lambda _: True
        )
    rows["English and Spanish called unsupported"] = _share(
        cases, lambda case: "unsupported_language" in case.raised, lambda _: True
    )
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
