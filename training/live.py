"""Champion and challenger on what visitors asked: where the one in the shadow would have answered otherwise."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from model.errors import TriageError
from model.taxonomy import taxonomy
from model.types import Decision
from training.comparison import Paired
from training.figures import Share
from training.findings import against_challenger
from training.judged import with_verdicts

FEWEST = 6
"""Answers on which one model alone is right, below which nothing is said of who is: with five that all speak for the
same model, McNemar's exact p is still 0.06."""


class NothingInTheShadow(TriageError):
    """The log holds no challenger's prediction, or none of the versions asked for."""

    def __init__(self, versions: tuple[str, str] | None) -> None:
        what = f"of {versions[1]} beside {versions[0]}" if versions else "of a challenger"
        super().__init__(f"the log holds no prediction {what}; `triage shadow VERSION` lets one predict in the shadow")


@dataclass(frozen=True, slots=True)
class LiveComparison:
    """Two models on the same logged enquiries.

    first, last : moments of the first and the last enquiry that both answered
    answered : the champion's answers from first to last; a challenger that is too slow skips some
    agreement : share of the enquiries on which both say the same
    decisions : enquiries by the champion's decision and the challenger's
    figures : how often each decides and raises what; a gain or a loss is neither good nor bad
    reviewed : what was right, where a reviewer has judged
    neither : ids where the services differ and both are wrong, as judged
    others : other pairs of models in the log, with how many enquiries both answered
    """

    champion: str
    candidate: str
    first: datetime
    last: datetime
    answered: int
    agreement: Mapping[str, Share]
    decisions: Mapping[tuple[str, str], int]
    figures: Mapping[str, Paired]
    reviewed: Mapping[str, Paired]
    neither: tuple[str, ...]
    others: Mapping[tuple[str, str], int]


def compare_live(
    facts: pd.DataFrame, shadow: pd.DataFrame, verdicts: pd.DataFrame, versions: tuple[str, str] | None
) -> LiveComparison:
    """Compare a challenger with the champion beside which it predicted.

    facts : answers, as `judged.with_facts` gives them; shadow, verdicts : as the logbook gives them
    versions : champion and challenger; None: the two that answered the latest enquiry in the shadow

    Raises NothingInTheShadow.
    """
    both = against_challenger(facts, shadow)
    counts = Counter(zip(both["model_version"].map(str), both["model_version_shadow"].map(str), strict=True))
    if not len(both) or (versions and versions not in counts):
        raise NothingInTheShadow(versions)
    latest = both.iloc[int(np.argmax(both["created"].to_numpy()))]
    chosen = versions or (str(latest["model_version"]), str(latest["model_version_shadow"]))
    rows = both[(both["model_version"] == chosen[0]) & (both["model_version_shadow"] == chosen[1])]
    rows = with_verdicts(rows, verdicts)
    rows["codes_shadow"] = rows["flags_shadow"].map(frozenset)
    first, last = rows["created"].min(), rows["created"].max()
    during = facts[(facts["created"] >= first) & (facts["created"] <= last) & (facts["model_version"] == chosen[0])]
    decided = Counter(zip(rows["decision"], rows["decision_shadow"], strict=True))
    judged = rows[rows["reviewed"]]
    wrong = judged["service_differs"] & ~judged["right"] & (judged["answer_shadow"] != judged["truth"])
    return LiveComparison(
        champion=chosen[0],
        candidate=chosen[1],
        first=first.to_pydatetime(),
        last=last.to_pydatetime(),
        answered=len(during),
        agreement=_agreement(rows),
        decisions={(one, other): decided[one, other] for one in Decision for other in Decision},
        figures=_figures(rows),
        reviewed=_reviewed(judged),
        neither=tuple(judged["id"][wrong]),
        others={pair: count for pair, count in counts.items() if pair != chosen},
    )


def _agreement(rows: pd.DataFrame) -> dict[str, Share]:
    same = {
        "the same service": ~rows["service_differs"],
        "the same decision": ~rows["decision_differs"],
        "the same flags": rows["codes"] == rows["codes_shadow"],
    }
    return {name: Share(int(holds.sum()), len(rows)) for name, holds in same.items()}


def _figures(rows: pd.DataFrame) -> dict[str, Paired]:
    decided = {
        name: _paired(rows, rows["decision"] == decision, rows["decision_shadow"] == decision)
        for decision, name in (("route", "routed"), ("confirm", "asked"), ("escalate", "handed to a person"))
    }
    alarm = _paired(rows, rows["alarm"], rows["alarm_shadow"])
    flags = {
        f"flag: {code}": _paired(
            rows, *([code in raised for raised in rows[side]] for side in ("codes", "codes_shadow"))
        )
        for code in taxonomy()
    }
    raised = {name: pair for name, pair in flags.items() if pair.champion or pair.candidate}
    return {**decided, "emergency or urgent": alarm, **raised}


def _reviewed(rows: pd.DataFrame) -> dict[str, Paired]:
    right, right_shadow = rows["right"], rows["answer_shadow"] == rows["truth"]
    alarm, alarm_shadow = rows["alarm"], rows["alarm_shadow"]
    routed, routed_shadow = rows["routed"], rows["decision_shadow"] == Decision.ROUTE
    true = rows["true_alarm"]
    return {
        "service right": _paired(rows, right, right_shadow),
        "routed to the wrong service": _paired(rows, routed & ~right, routed_shadow & ~right_shadow),
        "alarms caught": _paired(rows[true], alarm[true], alarm_shadow[true]),
        "alarms for nothing": _paired(rows[~true], alarm[~true], alarm_shadow[~true]),
    }


def _paired(rows: pd.DataFrame, champion: Iterable[bool], candidate: Iterable[bool]) -> Paired:
    return Paired.count(zip(rows["id"], map(bool, champion), map(bool, candidate), strict=True))
