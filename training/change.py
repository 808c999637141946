"""What changed in the traffic: shares by week or month against those before, and words that are new."""

import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom, norm

from model.text import fold

_WORD = re.compile(r"[^\W\d_]{3,}")


_TAIL = float(norm.sf(3))
"""Chance on either side of three standard errors, as on Shewhart's charts."""


@dataclass(frozen=True, slots=True)
class Period:
    """A share in one week or month, and the limits in which chance keeps it if it is that of the baseline."""

    share: float
    count: int
    low: float
    high: float

    @property
    def outside(self) -> bool:
        """Whether chance hardly explains it."""
        return self.count > 0 and not self.low <= self.share <= self.high


def prediction_limits(hits: int, of: int, count: int) -> tuple[float, float]:
    """Between which shares of `count` chance keeps hits that are as common as `hits` among `of` others.

    Exact, for few as for many, rare as common: the prediction interval of Thatcher (1964), by the hypergeometric
    distribution, with the error on each side of three standard errors. Both from 0 to 1.
    """
    numbers = range(count + 1)
    low = bisect_left(numbers, True, key=lambda n: hypergeom.cdf(n, of + count, hits + n, count) > _TAIL)
    above = bisect_left(numbers, True, key=lambda n: hypergeom.sf(n - 1, of + count, hits + n, count) <= _TAIL)
    return (low / count, (above - 1) / count) if count else (0.0, 1.0)


def control_chart(hits: Sequence[int], counts: Sequence[int], baseline: int) -> tuple[float, list[Period]]:
    """Shares by period against the first `baseline` periods: the centre, and each period with its limits.

    Limits are those of `prediction_limits`, or wider where the baseline's own periods vary more than by chance (by the
    factor of Laney's p' chart, 2002), so that traffic that always varies does not cry wolf.
    """
    hit, count = np.asarray(hits, float), np.asarray(counts, float)
    before, of = sum(hits[:baseline]), sum(counts[:baseline])
    centre = before / max(1, of)
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = (hit / count - centre)[:baseline] / np.sqrt(centre * (1 - centre) / count)[:baseline]
    scores = scores[np.isfinite(scores)]
    # Mean moving range over 1.128 estimates the standard deviation of the scores.
    spread = max(1.0, float(np.abs(np.diff(scores)).mean() / 1.128)) if len(scores) > 2 else 1.0

    def period(mine: int, answers: int) -> Period:
        if not answers:
            return Period(math.nan, 0, 0.0, 1.0)
        low, high = (limit + (spread - 1) * (limit - centre) for limit in prediction_limits(before, of, answers))
        return Period(mine / answers, answers, max(0.0, low), min(1.0, high))

    return centre, [period(*one) for one in zip(hits, counts, strict=True)]


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
    new, old = texts_with(now), texts_with(before)
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


def texts_with(texts: Iterable[str]) -> Counter[str]:
    """In how many texts each word stands: folded, of three letters and more."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(_WORD.findall(fold(text))))
    return counts
