"""Figures of a classifier: shares with their intervals, overall and by slice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from model.decision import doubted, raised_by_model
from model.taxonomy import alarm_codes
from model.types import Service
from training.data import LabelledEnquiry
from training.fit import Fitted

TITLES = {
    "service_right": "service right",
    "service_right_unflagged": "… of everyday enquiries",
    "other_recognised": "… of those for neither service",
    "routed_unflagged": "everyday enquiries routed",
    "routed_wrong": "… wrong among all routed",
    "alarm_caught": "emergencies and urgent signs caught",
    "alarm_right_code": "… with the right code",
    "alarm_on_unflagged": "alarms on everyday enquiries",
    "alarm_on_contrast": "alarms on contrast texts",
    "alarm_routed": "emergencies and urgent signs routed",
}
"""Names of the figures of `out_of_fold_figures`, for people."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share of enquiries, with its 95 % interval (Wilson, 1927)."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """From 0 to 1; NaN when there is nothing to count."""
        return self.hits / self.total if self.total else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound."""
        if not self.total:
            return 0.0, 1.0
        bounds = binomtest(self.hits, self.total).proportion_ci(method="wilson")
        return float(bounds.low), float(bounds.high)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        low, high = self.interval
        return {
            "value": round(self.value, 4) if self.total else None,
            "low": round(low, 4),
            "high": round(high, 4),
            "of": self.total,
        }


def out_of_fold_figures(enquiries: Sequence[LabelledEnquiry], fitted: Fitted) -> dict[str, Any]:
    """What the manifest keeps: measured on each author by models that did not see that author.

    The flags' thresholds were chosen on the same predictions, so the figures for flags are a little hopeful.
    """
    measured = [enquiries[row] for row in fitted.out_of_fold.rows]
    judged = _Judged(measured, fitted)
    slices: dict[str, Callable[[LabelledEnquiry], bool]] = {
        "all": lambda _: True,
        "en": lambda enquiry: enquiry.language == "en",
        "es": lambda enquiry: enquiry.language == "es",
    }
    return {
        "method": "cross-validation grouped by author",
        "enquiries": len(enquiries),
        "authors": len({enquiry.source for enquiry in enquiries}),
        "measured": len(measured),
        "unseen_authors": len({enquiry.source for enquiry in measured}),
        **{name: judged.figures(np.array([test(enquiry) for enquiry in measured])) for name, test in slices.items()},
    }


class _Judged:
    """Predicted and true labels side by side, as arrays over the enquiries."""

    def __init__(self, enquiries: Sequence[LabelledEnquiry], fitted: Fitted) -> None:
        alarms = set(alarm_codes())
        found, stated = fitted.out_of_fold.probabilities, fitted.out_of_fold.stated
        codes, services, thresholds = fitted.classifier.codes, fitted.classifier.services, fitted.thresholds
        columns = (found.flags.tolist(), found.any_alarm.tolist(), found.stated.tolist(), stated)
        raised: list[set[str]] = []
        for row, any_alarm, stated_sign, by_rule in zip(*columns, strict=True):
            by_model = raised_by_model(dict(zip(codes, row, strict=True)), any_alarm, by_rule, thresholds)
            doubtful = doubted(by_rule, by_model, stated_sign, thresholds)
            raised.append({*by_rule, *by_model} - doubtful | ({"doubtful_sign"} if doubtful else set()))
        best = found.services.argmax(axis=1)
        confidence = found.services.max(axis=1)
        self.service = np.array([services[index] for index in best])
        self.truth = np.array([enquiry.service for enquiry in enquiries])
        self.raised_alarm = np.array([bool(codes_ & alarms) for codes_ in raised])
        self.true_alarm = np.array([bool(enquiry.flags & alarms) for enquiry in enquiries])
        self.right_code = np.array([bool(a & b.flags & alarms) for a, b in zip(raised, enquiries, strict=True)])
        self.unflagged = np.array([not enquiry.flags and not enquiry.contrast for enquiry in enquiries])
        self.contrast = np.array([bool(enquiry.contrast) for enquiry in enquiries])
        self.routed = (
            (confidence >= thresholds.route)
            & (self.service != Service.OTHER)
            & np.array([not codes_ for codes_ in raised])
        )

    def figures(self, chosen: NDArray[np.bool_]) -> dict[str, Any]:
        right = self.service == self.truth
        plain = chosen & self.unflagged
        return {
            "service_right": _share(right, chosen),
            "service_right_unflagged": _share(right, plain),
            "other_recognised": _share(right, chosen & (self.truth == Service.OTHER)),
            "routed_unflagged": _share(self.routed, plain),
            "routed_wrong": _share(~right, chosen & self.routed),
            "alarm_caught": _share(self.raised_alarm, chosen & self.true_alarm),
            "alarm_right_code": _share(self.right_code, chosen & self.true_alarm & self.raised_alarm),
            "alarm_on_unflagged": _share(self.raised_alarm, plain),
            "alarm_on_contrast": _share(self.raised_alarm, chosen & self.contrast),
            "alarm_routed": _share(self.routed, chosen & self.true_alarm),
        }


def _share(hits: NDArray[np.bool_], among: NDArray[np.bool_]) -> dict[str, Any]:
    return Share(int((hits & among).sum()), int(among.sum())).to_dict()
