"""Drift is found where there is some, and hardly where there is none."""

import numpy as np

from training.change import commoner_words, control_chart


def test_traffic_that_does_not_change_seldom_cries_wolf() -> None:
    generator = np.random.default_rng(1)
    hits = generator.binomial(150, 0.3, size=(200, 8))
    outside = [week.outside for row in hits for week in control_chart(row.tolist(), [150] * 8, 4)[1][4:]]
    assert np.mean(outside) < 0.03


def test_a_week_that_changed_is_outside_and_the_others_are_not() -> None:
    centre, weeks = control_chart([30, 33, 29, 31, 30, 90, 32, 28], [100] * 8, 4)
    assert centre == 0.3075
    assert [week.outside for week in weeks] == [False] * 5 + [True] + [False] * 2


def test_a_baseline_that_always_varies_has_wider_limits() -> None:
    calm = control_chart([30, 30, 30, 30], [100] * 4, 4)[1][0]
    restless = control_chart([10, 50, 12, 48], [100] * 4, 4)[1][0]
    assert restless.high - restless.low > 2 * (calm.high - calm.low)


def test_a_week_without_answers_is_not_judged() -> None:
    weeks = control_chart([3, 4, 0], [10, 10, 0], 2)[1]
    assert np.isnan(weeks[2].share)
    assert not weeks[2].outside


def test_a_new_word_comes_first_whatever_its_accents_and_how_often_a_text_says_it() -> None:
    before = ["me duele la espalda"] * 60 + ["quiero un masaje"] * 40
    now = ["me duele la espalda"] * 30 + ["PÁDEL pádel padel, me duele el codo"] * 12 + ["quiero un masaje"] * 20
    found = commoner_words(now, before)
    assert {word.word for word in found[:2]} == {"padel", "codo"}
    assert next(word for word in found if word.word == "padel").now == 12
    assert found[0].score > 3
    assert commoner_words(before, before)[:1] == [] or commoner_words(before, before)[0].score < 1
