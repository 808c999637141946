"""Misspelling texts on purpose."""

import random

from hypothesis import given
from hypothesis import strategies as st

from training.noise import noisy, with_typos, without_accents


def test_accents_go_and_letters_stay() -> None:
    assert without_accents("Qué pingüino, señor: ÁÉÍ") == "Que pinguino, senor: AEI"


@given(st.text(), st.integers(0, 99))
def test_the_same_chance_gives_the_same_text(text: str, seed: int) -> None:
    assert noisy(text, random.Random(seed)) == noisy(text, random.Random(seed))


@given(st.text(), st.integers(0, 99))
def test_without_a_share_nothing_is_mistyped_and_signs_and_digits_never_are(text: str, seed: int) -> None:
    assert with_typos(text, 0.0, random.Random(seed)) == text
    digits = "12.3 - 45"
    assert with_typos(digits, 1.0, random.Random(seed)) == digits


def test_about_the_share_is_mistyped() -> None:
    text = "abcdefghij " * 500
    spoilt = with_typos(text, 0.05, random.Random(1))
    changed = sum(a != b for a, b in zip(text.split(), spoilt.split(), strict=True))
    assert 120 < changed < 350
