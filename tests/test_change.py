"""Drift is found where there is some, and hardly where there is none."""

import numpy as np

from training.change import commoner_words, control_chart, prediction_limits


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


def test_a_case_or_two_of_what_never_was_are_no_alarm_and_six_are_one() -> None:
    assert not control_chart([0, 0, 1], [300, 300, 200], 2)[1][2].outside
    assert not control_chart([0, 0, 2], [300, 300, 200], 2)[1][2].outside
    assert control_chart([0, 0, 6], [300, 300, 200], 2)[1][2].outside


def test_limits_hold_a_share_that_is_the_same_however_rare_and_however_few_there_are_to_compare_with() -> None:
    generator = np.random.default_rng(2)
    for share in (0.01, 0.1, 0.5):
        before, now = generator.binomial(120, share, 4000), generator.binomial(60, share, 4000)
        limits = {hits: prediction_limits(int(hits), 120, 60) for hits in set(before.tolist())}
        outside = [
            not limits[b][0] <= n / 60 <= limits[b][1] for b, n in zip(before.tolist(), now.tolist(), strict=True)
        ]
        assert np.mean(outside) < 0.0027 + 3 * (0.0027 / 4000) ** 0.5


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
