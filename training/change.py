"""What changed in the traffic: shares by week against the weeks before, and words that are new."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.text import fold

_WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True, slots=True)
class Week:
    """A share in one week, and the limits in which chance keeps it if it is that of the baseline."""

    share: float
    count: int
    low: float
    high: float

    @property
    def outside(self) -> bool:
        """Whether chance hardly explains it."""
        return self.count > 0 and not self.low <= self.share <= self.high


def control_chart(hits: Sequence[int], counts: Sequence[int], baseline: int) -> tuple[float, list[Week]]:
    """Shares by week against the first `baseline` weeks: the centre, and each week with its limits.

    Limits are three standard errors wide (Shewhart's p-chart), or wider where the baseline's own weeks vary more than
    by chance (Laney's p', 2002), so that traffic that always varies does not cry wolf.
    """
    hit, count = np.asarray(hits, float), np.asarray(counts, float)
    base = slice(0, baseline)
    centre = float(hit[base].sum() / max(1.0, count[base].sum()))
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(centre * (1 - centre) / count)
        share = hit / count
        scores = (share[base] - centre) / error[base]
    scores = scores[np.isfinite(scores)]
    # Mean moving range over 1.128 estimates the standard deviation of the scores.
    spread = max(1.0, float(np.abs(np.diff(scores)).mean() / 1.128)) if len(scores) > 2 else 1.0
    reach = 3 * spread * error
    weeks = [
        Week(float(s), int(n), float(max(0, centre - r)), float(min(1, centre + r))) if n else Week(np.nan, 0, 0.0, 1.0)
        for s, n, r in zip(share, count, reach, strict=True)
    ]
    return centre, weeks


@dataclass(frozen=True, slots=True)
class Word:
    """A word that is commoner now than before.

    score : standardised log-odds; above 3 is hardly chance
    """

    word: str
    now: int
    before: int
    score: float


def commoner_words(now: Iterable[str], before: Iterable[str], most: int = 20, least: int = 3) -> list[Word]:
    """Words that stand in more texts now than before, the most striking first.

    Log-odds with an informative Dirichlet prior (Monroe, Colaresi and Quinn, 2008), counted once a text.
    """
    new, old = _texts_with(now), _texts_with(before)
    words = [word for word, count in new.items() if count >= least]
    if not words:
        return []
    a, b = np.array([[counts[word] for word in words] for counts in (new, old)], float)
    total_a, total_b = sum(new.values()), max(1, sum(old.values()))
    prior = 100 * (a + b) / (total_a + total_b)  # as heavy as a hundred words

    def odds(count: NDArray[np.float64], total: float) -> NDArray[np.float64]:
        return np.asarray(np.log((count + prior) / (total + 100 - count - prior)), np.float64)

    score = (odds(a, total_a) - odds(b, total_b)) / np.sqrt(1 / (a + prior) + 1 / (b + prior))
    ranked = np.argsort(-score)[:most]
    return [Word(words[i], int(a[i]), int(b[i]), float(score[i])) for i in ranked if score[i] > 0]


def _texts_with(texts: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(_WORD.findall(fold(text))))
    return counts
