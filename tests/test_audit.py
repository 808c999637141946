"""The audit's arithmetic, checked by simulation: what it says of all answers is true as often as it says."""

import numpy as np
import pytest
from scipy.stats import hypergeom

from training.audit import (
    Plan,
    allocate,
    counted,
    draw,
    missed_share,
    random_order,
    reviews_needed,
    share,
    share_from_counts,
    weights,
)

# Answers in each stratum, how many of them are reviewed, and the share of mistakes.
POPULATIONS = {
    "as a clinic has it": ([4000, 800, 200, 50], [100, 60, 40, 40], [0.02, 0.2, 0.1, 0.05]),
    "rare mistakes": ([4000, 800], [150, 50], [0.005, 0.01]),
    "all mistakes in a small stratum": ([5000, 100], [200, 12], [0.0, 0.3]),
    "strata far apart": ([300] * 4, [20] * 4, [0.1, 0.5, 0.9, 0.02]),
    "nearly all reviewed": ([1000], [900], [0.02]),
    "few in each of many strata": (
        [4000, 4000, 800, 800, 100, 100],
        [40, 40, 30, 30, 30, 30],
        [0.03, 0.02] + [0.2] * 4,
    ),
}
DRAWS = 1_500


@pytest.mark.parametrize("name", POPULATIONS)
def test_intervals_cover_the_truth_as_often_as_they_say_and_the_weights_undo_the_strata(name: str) -> None:
    total, taken, mistakes = (np.array(part) for part in POPULATIONS[name])
    wrong = np.round(total * mistakes).astype(int)
    truth = wrong.sum() / total.sum()
    found = np.random.default_rng(1).hypergeometric(wrong, total - wrong, taken, size=(DRAWS, len(total)))
    estimates = [share_from_counts(total, taken, one) for one in found]
    covered = np.mean([one.low <= truth <= one.high for one in estimates])
    values = np.array([one.value for one in estimates])
    assert covered >= 0.94
    assert abs(values.mean() - truth) < 4 * values.std() / np.sqrt(DRAWS)


def test_without_weights_the_estimate_would_be_wrong() -> None:
    total, taken, found = np.array([900, 100]), np.array([50, 50]), np.array([0, 25])
    estimate = share_from_counts(total, taken, found)
    assert estimate.value == pytest.approx(0.05)
    assert estimate.hits / estimate.reviewed == 0.25


def test_a_population_reviewed_whole_leaves_nothing_open() -> None:
    estimate = share_from_counts(np.array([30, 20]), np.array([30, 20]), np.array([3, 0]))
    assert (estimate.low, estimate.value, estimate.high) == (0.06, 0.06, 0.06)


def test_a_stratum_that_nobody_looked_at_may_hold_anything() -> None:
    estimate = share_from_counts(np.array([80, 20]), np.array([80, 0]), np.array([0, 0]))
    assert estimate.low == 0
    assert estimate.high == pytest.approx(0.2)


def test_a_share_is_of_those_asked_for() -> None:
    strata = np.array(["a"] * 10 + ["b"] * 10)
    hits = np.array([True] * 5 + [False] * 15)
    every = np.ones(20, bool)
    assert share(hits, strata, every, strata == "a").value == 0.5
    assert str(share(hits, strata, ~every)) == "nothing reviewed yet"


def test_the_share_that_was_missed_is_covered_at_least_as_often_as_said() -> None:
    generator = np.random.default_rng(2)
    strata = np.array(["route"] * 1500 + ["review"] * 400 + ["alarm"] * 100)
    raised = strata == "alarm"
    true = np.concatenate([np.arange(1500) < 6, np.arange(400) < 8, np.arange(100) < 90])
    truth = (true & ~raised).sum() / true.sum()
    covered = []
    for _ in range(300):
        order = generator.random(len(strata))
        sampled = np.zeros(len(strata), bool)
        sampled[draw(order, strata, {"route": 150, "review": 100, "alarm": 60})] = True
        found = missed_share(true, raised, strata, sampled)
        covered.append(found.low <= truth <= found.high)
    assert np.mean(covered) >= 0.94


def test_weights_add_up_to_the_population() -> None:
    strata = np.array(["a"] * 70 + ["b"] * 30)
    sampled = np.arange(100) % 7 == 0
    found = weights(strata, sampled)
    assert found.sum() == pytest.approx(100)
    assert found[strata == "a"].sum() == pytest.approx(70)
    assert not found[~sampled].any()


def test_a_sample_is_the_same_for_everyone_and_another_for_another_seed() -> None:
    ids = [f"prediction-{number}" for number in range(400)]
    order = random_order(ids, 7)
    assert order.tolist() == random_order(ids, 7).tolist()
    assert not np.allclose(order, random_order(ids, 8))
    assert 0.45 < order.mean() < 0.55


def test_a_sample_broken_off_half_way_is_half_of_each_stratum() -> None:
    strata = np.array(["a"] * 500 + ["b"] * 100)
    chosen = draw(random_order([str(number) for number in range(600)], 1), strata, {"a": 40, "b": 20})
    half = strata[chosen[:30]]
    assert ((half == "a").sum(), (half == "b").sum()) == (20, 10)


def test_what_comes_after_one_that_was_left_out_is_not_counted() -> None:
    strata = np.array(["a", "a", "a", "a", "b"])
    order = np.array([0.4, 0.1, 0.3, 0.2, 0.9])
    reviewed = np.array([True, True, False, True, False])
    assert counted(order, strata, reviewed).tolist() == [False, True, False, True, False]


def test_reviews_are_shared_out_by_size_and_weight_and_none_is_lost() -> None:
    sizes = {"route": 1000, "confirm": 300, "alarm": 60, "rare": 4}
    given = allocate(sizes, 200, {"alarm": 4.0})
    assert sum(given.values()) == 200
    assert given["rare"] == 4
    assert given["alarm"] / sizes["alarm"] > 2 * given["route"] / sizes["route"]
    assert allocate(sizes, 5_000, {}) == sizes


@pytest.mark.parametrize(("population", "limit", "expected"), [(500, 0.03, 0.0), (2000, 0.03, 0.01), (80, 0.05, 0.0)])
def test_the_planned_number_of_reviews_shows_what_it_is_to_show_and_one_less_does_not(
    population: int, limit: float, expected: float
) -> None:
    plan = reviews_needed(population, limit, expected)
    assert plan is not None
    bad = int(np.ceil(limit * population))
    assert hypergeom.cdf(plan.mistakes, population, bad, plan.reviews) <= 0.05
    assert hypergeom.cdf(plan.mistakes, population, bad, plan.reviews - 1) > 0.05
    believed = round(expected * population)
    assert hypergeom.cdf(plan.mistakes, population, believed, plan.reviews) >= 0.8


def test_what_is_not_so_cannot_be_shown() -> None:
    assert reviews_needed(1000, 0.03, 0.05) is None
    assert reviews_needed(10_000, 0.03, 0.0) == Plan(98, 0)  # 99 of a population without end
