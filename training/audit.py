"""A random audit of logged predictions: which to review, and what the reviews say of all of them.

The sample is stratified, so that rare and grave answers are reviewed more often than common ones; each review is
weighted by how many answers it stands for. Predictions bear a random number that follows from their id, and are
reviewed in its order: the sample is the same for two reviewers, grows without starting anew, and what is reviewed so
far is a random sample whenever one stops.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, hypergeom

Labels = NDArray[np.str_]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share of a finite population, estimated from a sample of it.

    value : from 0 to 1; NaN when nothing was reviewed
    low, high : interval at the level asked for
    hits, reviewed : as counted in the sample
    population : how many the share is of
    """

    value: float
    low: float
    high: float
    hits: int
    reviewed: int
    population: int

    def __str__(self) -> str:
        if not self.reviewed:
            return "nothing reviewed yet"
        return f"{self.value:.1%} ({self.low:.1%} to {self.high:.1%}; {self.hits} of {self.reviewed} reviewed)"


def random_order(ids: Sequence[str], seed: int) -> NDArray[np.float64]:
    """A number from 0 to 1 for each id, shape (n_ids,): the same in every session, and unlike another seed's.

    Permanent random numbers (Ohlsson, 1995).
    """
    digests = [hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8] for name in ids]
    return np.array([int.from_bytes(digest) for digest in digests], np.float64) / 2.0**64


def allocate(sizes: Mapping[str, int], reviews: int, weights: Mapping[str, float]) -> dict[str, int]:
    """How many reviews each stratum gets: in proportion to size times weight, and at least ten where it has them.

    weights : how much more often than in proportion a stratum is reviewed; 1 where it has none
    """
    least = {name: min(size, 10) for name, size in sizes.items()}
    pull = {name: size * weights.get(name, 1.0) for name, size in sizes.items()}
    given = dict(least)
    left = max(0, reviews - sum(least.values()))
    # Strata that are reviewed whole leave their surplus to the others.
    while left > 0:
        open_ = {name for name, size in sizes.items() if given[name] < size}
        if not open_:
            break
        total = sum(pull[name] for name in open_)
        shares = {
            name: max(1, round(left * pull[name] / total)) for name in sorted(open_, key=lambda name: -pull[name])
        }
        for name, share in shares.items():
            more = min(share, sizes[name] - given[name], left)
            given[name] += more
            left -= more
    return given


def draw(order: NDArray[np.float64], strata: Labels, wanted: Mapping[str, int]) -> NDArray[np.intp]:
    """Rows of the sample, those to be reviewed first in front.

    The strata are interleaved, so that a sample broken off half-way is half of each.
    """
    chosen: list[tuple[float, float, int]] = []
    for name, count in wanted.items():
        rows = np.flatnonzero(strata == name)
        first = rows[np.argsort(order[rows], kind="stable")][:count]
        chosen += [((place + 0.5) / count, order[row], int(row)) for place, row in enumerate(first)]
    return np.array([row for *_, row in sorted(chosen)], np.intp)


def counted(order: NDArray[np.float64], strata: Labels, reviewed: Flags) -> Flags:
    """Which reviewed rows may be counted: in each stratum those before the first that was left out.

    What a reviewer skips may be harder than the rest; up to there nothing was skipped, so the rows are a random sample
    of the stratum, also when the population has grown since they were drawn.
    """
    keep = np.zeros(len(strata), bool)
    for name in np.unique(strata):
        rows = np.flatnonzero(strata == name)
        rows = rows[np.argsort(order[rows], kind="stable")]
        keep[rows[np.logical_and.accumulate(reviewed[rows])]] = True
    return keep


def weights(strata: Labels, sampled: Flags) -> NDArray[np.float64]:
    """How many of the population each sampled row stands for, shape (n_rows,); 0 for the others.

    Inverse-probability weights (Horvitz and Thompson, 1952). A stratum of which nothing was sampled is stood for by
    nobody.
    """
    found = np.zeros(len(strata))
    for name in np.unique(strata):
        inside = strata == name
        taken = inside & sampled
        if taken.any():
            found[taken] = inside.sum() / taken.sum()
    return found


def share(hits: Flags, strata: Labels, sampled: Flags, among: Flags | None = None, level: float = 0.95) -> Estimate:
    """Share of hits in a population of which some rows were sampled.

    hits : shape (n_rows,); read only where `sampled`
    among : the rows that the share is of, known for all rows, sampled or not; without it all rows

    The interval is that of Korn and Graubard (1998): Clopper and Pearson's with the number of reviews that a simple
    random sample with replacement would need for the same variance. The variance has the finite-population correction,
    and each stratum's share is drawn a little towards that of all, so that a stratum without a hit is not taken for
    free of hits.
    """
    chosen = np.ones(len(strata), bool) if among is None else among
    names, place = np.unique(strata[chosen], return_inverse=True)
    total = np.bincount(place, minlength=len(names))
    taken = np.bincount(place, sampled[chosen], minlength=len(names))
    found = np.bincount(place, (hits & sampled)[chosen], minlength=len(names))
    return share_from_counts(total, taken, found, level)


def share_from_counts(total: NDArray[Any], taken: NDArray[Any], found: NDArray[Any], level: float = 0.95) -> Estimate:
    """The same from counts, each of shape (n_strata,): of the population, sampled, and hits among those."""
    population, reviewed, hits = int(total.sum()), int(taken.sum()), int(found.sum())
    if not reviewed:
        return Estimate(float("nan"), 0.0, 1.0, 0, 0, population)
    seen = taken > 0
    part = total[seen] / total[seen].sum()
    size, sample, positive = total[seen], taken[seen], found[seen]
    value = float(part @ (positive / sample))
    pooled = (hits + 0.5) / (reviewed + 1)
    near = (positive + 2 * pooled) / (sample + 2)
    unsampled = 1 - sample / size
    variance = float((part**2 * unsampled * near * (1 - near) / sample).sum())
    if variance == 0:
        low = high = value
    else:
        middle = float(part @ near)
        low, high = _clopper_pearson(value, middle * (1 - middle) / variance, 1 - level)
    # What was counted is certain, whatever the rest holds; what was never sampled may hold anything.
    known, rest = float(size.sum()) / population, 1 - float(size.sum()) / population
    low, high = known * low, known * high + rest
    return Estimate(
        value,
        max(low, hits / population),
        min(high, 1 - (reviewed - hits) / population),
        hits,
        reviewed,
        population,
    )


def _clopper_pearson(value: float, reviews: float, error: float) -> tuple[float, float]:
    hits = value * reviews
    low = float(beta.ppf(error / 2, hits, reviews - hits + 1)) if hits > 0 else 0.0
    high = float(beta.ppf(1 - error / 2, hits + 1, reviews - hits)) if hits < reviews else 1.0
    return low, high


def missed_share(true: Flags, raised: Flags, strata: Labels, sampled: Flags, level: float = 0.95) -> Estimate:
    """Of all that truly is so, the share that was not raised.

    true : the reviewers' verdict, shape (n_rows,); read only where `sampled`
    raised : what the model said, known for all rows

    How many there truly are is itself estimated: missed / (missed + caught), each a total with an interval of its own.
    Both bounds are set against each other at half the error each (Bonferroni), so the interval covers at least as often
    as said.
    """
    inner = 1 - (1 - level) / 2
    missed = share(true, strata, sampled, ~raised, inner)
    caught = share(true, strata, sampled, raised, inner)
    hits, of = missed.hits, missed.hits + caught.hits
    if not of:
        return Estimate(float("nan"), 0.0, 1.0, 0, 0, len(strata))
    not_raised, is_raised = missed.population, caught.population

    def ratio(left: float, right: float) -> float:
        """Missed out of all; none of either: nothing missed."""
        lost, got = left * not_raised, right * is_raised
        return lost / (lost + got) if lost + got > 0 else 0.0

    value = ratio(np.nan_to_num(missed.value), np.nan_to_num(caught.value))
    return Estimate(value, ratio(missed.low, caught.high), ratio(missed.high, caught.low), hits, of, len(strata))


@dataclass(frozen=True, slots=True)
class Plan:
    """How many to review, and how many mistakes among them still show what is to be shown."""

    reviews: int
    mistakes: int


def reviews_needed(
    population: int, limit: float, expected: float, certainty: float = 0.95, power: float = 0.8
) -> Plan | None:
    """The fewest reviews of a random sample that show, with the certainty asked for, a share under `limit`.

    expected : the true share one believes in; the plan succeeds with probability `power` when it is so

    None when even reviewing all would not show it. Exact: by the hypergeometric distribution.
    """
    worst = int(np.ceil(limit * population))  # the smallest number of mistakes that is not under the limit
    believed = round(expected * population)
    if believed >= worst:
        return None
    sizes = np.arange(1, population + 1)
    for mistakes in range(believed + 1):
        shows = hypergeom.cdf(mistakes, population, worst, sizes) <= 1 - certainty
        if not shows.any():
            continue
        reviews = int(sizes[np.argmax(shows)])
        if hypergeom.cdf(mistakes, population, believed, reviews) >= power:
            return Plan(reviews, mistakes)
    return Plan(population, believed)
