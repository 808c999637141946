"""The reviewers' queue: which predictions to look at, and a verdict kept as soon as it is given."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from training.audit import allocate, draw
from training.judged import REVIEWED_MORE, closed
from training.logbook import RANDOM, Logbook

SAMPLES: Mapping[str, str] = {
    RANDOM: "Random sample: how right it is (start here)",
    "alarms": "All urgent and emergency",
    "least_sure": "Least sure",
    "set_aside": "Red flags that were set aside",
    "challenger": "The challenger would have answered otherwise",
    "slice": "A slice of your own (parameter SLICE)",
}
"""What a reviewer can work through, by the name that a verdict keeps."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Predictions to review, by sample.

    facts : see judged.with_facts
    shadow : what challengers would have answered
    reviews : size of the random sample; of the others at most so many are shown
    slice_ : a pandas query over `facts`, such as "language == 'es' and length == 'to 12 words'"; "" for none
    """

    facts: pd.DataFrame
    shadow: pd.DataFrame
    reviews: int
    slice_: str = ""

    def rows(self, sample: str, now: datetime) -> pd.DataFrame:
        """The predictions of a sample in the order of review."""
        if sample == RANDOM:
            return self._random(closed(self.facts, now))
        newest = self.facts.iloc[::-1]
        chosen: dict[str, Callable[[], pd.DataFrame]] = {
            "alarms": lambda: newest[newest["alarm"]],
            "least_sure": lambda: newest.sort_values("confidence", kind="stable"),
            "set_aside": lambda: newest[newest["set_aside"].map(bool)],
            "challenger": lambda: self._challenged(newest),
            "slice": lambda: newest.query(self.slice_) if self.slice_ else newest.iloc[:0],
        }
        return chosen[sample]().head(self.reviews)

    def _random(self, population: pd.DataFrame) -> pd.DataFrame:
        strata = population["stratum"].to_numpy(str)
        sizes = Counter(population["stratum"])
        more = {name: REVIEWED_MORE.get(name.split()[0], 1.0) for name in sizes}
        wanted = allocate(sizes, min(self.reviews, len(population)), more)
        return population.iloc[draw(population["order"].to_numpy(float), strata, wanted)]

    def _challenged(self, facts: pd.DataFrame) -> pd.DataFrame:
        both = facts.merge(self.shadow, left_on="id", right_on="prediction_id", suffixes=("", "_shadow"))
        other_service = both["answer"] != both["service_shadow"].fillna("other")
        differs = other_service | (both["decision"] != both["decision_shadow"])
        return facts[facts["id"].isin(both.loc[differs, "id"])]


@dataclass
class Queue:
    """One reviewer at work on one sample.

    What this reviewer has judged in this sample is not shown again, in a later session neither; what another has judged
    is, and nothing tells how, so that two can be compared.
    """

    logbook: Logbook
    rows: pd.DataFrame
    sample: str
    reviewer: str
    clock: Callable[[], datetime]
    waiting: list[int] = field(init=False)

    def __post_init__(self) -> None:
        given = self.logbook.verdicts()
        mine = given[(given["reviewer"] == self.reviewer) & (given["sample"] == self.sample)]
        done = set(mine["prediction_id"])
        self.waiting = [place for place, name in enumerate(self.rows["id"]) if name not in done]

    @property
    def total(self) -> int:
        """Predictions in the sample."""
        return len(self.rows)

    @property
    def done(self) -> int:
        """… of those that this reviewer has judged."""
        return self.total - len(self.waiting)

    @property
    def current(self) -> dict[str, Any] | None:
        """The prediction to judge now, or None at the end."""
        return self._row() if self.waiting else None

    def judge(self, service: str, flags: list[str]) -> dict[str, Any]:
        """Keep the verdict on the current prediction, and go on; returns that prediction.

        Raises LogUnreadable when it was not kept; then the current one stays.
        """
        row = self._row()
        self.logbook.add_verdict(row["id"], self.reviewer, service, flags, self.sample, self.clock())
        self.waiting.pop(0)
        return row

    def _row(self) -> dict[str, Any]:
        row = self.rows.iloc[self.waiting[0]]
        return {str(name): row[name] for name in self.rows.columns}

    def skip(self) -> None:
        """Put the current prediction to the end. The random sample is counted up to the first one left out."""
        self.waiting.append(self.waiting.pop(0))
