import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.overlap import commonest_run, neighbours

TEXTS = ["me duele la rodilla al correr", "me duele la rodilla al correr!", "a voucher for my mum please", "hola"]


def test_the_likest_other_text_is_found_whatever_its_case_and_accents() -> None:
    found = neighbours([*TEXTS, "ME DUELE LA RODÍLLA AL CORRER"])
    assert found.nearest.tolist()[0] == 4
    assert found.similarity[0] == 1
    assert found.similarity[2] < 0.3


def test_a_text_is_not_its_own_neighbour() -> None:
    assert neighbours(["hola", "adios"]).nearest.tolist() == [1, 0]


def test_texts_are_compared_with_another_set() -> None:
    found = neighbours(TEXTS, ["hola!", "voucher for my mum please"])
    assert found.nearest.tolist()[2:] == [1, 0]


@pytest.mark.parametrize("texts", [[], ["alone"]])
def test_without_another_text_nothing_is_alike(texts: list[str]) -> None:
    assert neighbours(texts).similarity.tolist() == [0.0] * len(texts)


@given(st.lists(st.text("abc de", min_size=1, max_size=12), min_size=2, max_size=8))
def test_similarity_is_the_jaccard_of_padded_four_grams(texts: list[str]) -> None:
    def grams(text: str) -> set[str]:
        padded = f"  {text}  "
        return {padded[place : place + 4] for place in range(len(padded) - 3)}

    found = neighbours(texts)
    for row, text in enumerate(texts):
        others = [grams(other) for place, other in enumerate(texts) if place != row]
        best = max(len(grams(text) & other) / len(grams(text) | other) for other in others)
        assert np.isclose(found.similarity[row], best)


def test_the_commonest_run_of_six_words_counts_each_text_once() -> None:
    texts = ["one two three four five six seven", "ONE two three four five six one two three four five six", "short"]
    assert commonest_run(texts) == ("one two three four five six", 2)
    assert commonest_run(["short"]) == ("", 0)
