"""Labels that may be wrong: by confident learning on out-of-fold probabilities, and by checks that need no model."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from cleanlab.filter import find_label_issues
from numpy.typing import NDArray

from model.language import SUPPORTED, identify
from model.red_flags import RedFlags
from model.taxonomy import alarm_codes
from training.data import LabelledEnquiry
from training.fit import Fitted
from training.overlap import DUPLICATE, neighbours

_ALARMS = frozenset(alarm_codes())
# The order of harm: what may hide a red flag is looked at first.
_TWIN, _ALARM, _SERVICE, _FLAG, _LANGUAGE = range(5)


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason to look at a label again.

    row : place among the enquiries
    kind : the smaller, the graver
    confidence : in the label as it is, 0 to 1; 0 for a check that needs no model
    why : for people
    suggestion : what it would become, as `service=massage` or `+minor` or `-minor`; empty when a person must say
    """

    row: int
    kind: int
    confidence: float
    why: str
    suggestion: str = ""


def rank(doubts: Sequence[Doubt]) -> list[list[Doubt]]:
    """The doubts of each enquiry together, the gravest and surest first."""
    by_row: defaultdict[int, list[Doubt]] = defaultdict(list)
    for doubt in sorted(doubts, key=_gravity):
        by_row[doubt.row].append(doubt)
    return sorted(by_row.values(), key=lambda found: _gravity(found[0]))


def _gravity(doubt: Doubt) -> tuple[int, float, int]:
    return doubt.kind, doubt.confidence, doubt.row


def without_model(enquiries: Sequence[LabelledEnquiry], red_flags: RedFlags) -> Iterator[Doubt]:
    """The same text with other labels; words of a red flag that the label does not have; another language."""
    found = neighbours([enquiry.text for enquiry in enquiries])
    for row, (similarity, other) in enumerate(zip(found.similarity, found.nearest, strict=True)):
        mine, twin = enquiries[row], enquiries[other]
        if similarity > DUPLICATE and (mine.service, mine.flags) != (twin.service, twin.flags):
            yield Doubt(row, _TWIN, 0.0, f"{twin.id} is the same text with other labels")
    for row, enquiry in enumerate(enquiries):
        stated = [flag for flag in red_flags.read(enquiry.text).flags if flag.code not in enquiry.flags]
        # One alarm beside another is a matter of the guide; none at all may be a red flag missed.
        if stated and not enquiry.flags & _ALARMS:
            for flag in stated:
                words = " … ".join(span.text for span in flag.evidence)
                yield Doubt(row, _ALARM, 0.0, f"states {flag.code}, by rule: {words}", f"+{flag.code}")
        language = identify(enquiry.text)
        if language != enquiry.language and {language, enquiry.language} <= set(SUPPORTED):
            yield Doubt(row, _LANGUAGE, 0.0, f"reads as {language}")


def by_model(enquiries: Sequence[LabelledEnquiry], fitted: Fitted) -> Iterator[Doubt]:
    """Confident learning (Northcutt, Jiang and Chuang, JAIR 2021) by cleanlab, on authors the models had not seen.

    Enquiries whose author the encoder has seen are left out: it has learned their labels, right or wrong.
    """
    places = fitted.out_of_fold.rows
    enquiries = [enquiries[place] for place in places]
    services = [str(service) for service in fitted.classifier.services]
    probabilities = fitted.out_of_fold.probabilities
    labels = np.array([services.index(str(enquiry.service)) for enquiry in enquiries])
    for row in _issues(labels, probabilities.services):
        likelier = services[int(probabilities.services[row].argmax())]
        sure = float(probabilities.services[row, labels[row]])
        if likelier != enquiries[row].service:
            why = f"service: the model gives {likelier} {float(probabilities.services[row].max()):.0%}"
            yield Doubt(int(places[row]), _SERVICE, sure, why, f"service={likelier}")
    for place, code in enumerate(fitted.classifier.codes):
        present = np.array([code in enquiry.flags for enquiry in enquiries])
        likely = probabilities.flags[:, place]
        for row in _issues(present.astype(int), np.column_stack([1 - likely, likely])):
            sure = float(likely[row] if present[row] else 1 - likely[row])
            why = f"{code}: the model gives {likely[row]:.0%}"
            kind = _ALARM if code in _ALARMS else _FLAG
            yield Doubt(int(places[row]), kind, sure, why, f"{'-' if present[row] else '+'}{code}")


def _issues(labels: NDArray[np.int_], probabilities: NDArray[np.float64]) -> Sequence[int]:
    find: Callable[..., NDArray[np.int_]] = find_label_issues
    return [int(row) for row in find(labels, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1)]
