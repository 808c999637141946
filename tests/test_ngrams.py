"""The fast n-grams beside scikit-learn's own, on any text."""

import threading

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from model.ngrams import WORD_PATTERN, NGrams

TEXTS = [
    "My knee hurts when I run, my KNEE!",
    "llevo la pantorrilla hinchada y caliente desde el vuelo",
    "¿Me dais un masaje de espalda? No puedo ni andar…",
    "a b c a b, x-y's ½ ﬁn ﷺ Ὀδυσσεύς ΣΑΣ Straße İstanbul 痛い",
]
SETTINGS = {"sublinear_tf": True, "strip_accents": "unicode", "dtype": np.float32}
WORDS = TfidfVectorizer(ngram_range=(1, 2), token_pattern=WORD_PATTERN, **SETTINGS).fit(TEXTS)
CHARACTERS = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), **SETTINGS).fit(TEXTS)
NGRAMS = NGrams(WORDS, CHARACTERS)
# Anything at all, and known words in any order with anything between them.
PARTS = [*(word for text in TEXTS for word in text.split()), *"aΣσ ¨ﷺ\u0301\u0345\u00a0\u2028\x1f\x85,."]
ANY_TEXT = st.text(max_size=200) | st.lists(st.sampled_from(PARTS) | st.text(max_size=3), max_size=40).map(" ".join)
GLUED = st.lists(st.sampled_from(PARTS), max_size=60).map("".join)


def by_scikit_learn(texts: list[str]) -> sparse.csr_matrix:
    return sparse.hstack([WORDS.transform(texts), CHARACTERS.transform(texts)], format="csr", dtype=np.float32)


@settings(max_examples=300, deadline=None)
@given(st.lists(ANY_TEXT | GLUED, max_size=3))
@example(["ΑΣ ΑΣ\u0301 Σ"])
@example(["¨knee a¨b"])
def test_rows_are_those_of_the_vectorisers(texts: list[str]) -> None:
    rows = NGRAMS.rows(texts)
    assert rows.shape == (len(texts), NGRAMS.size)
    assert rows.dtype == np.float32
    if texts:
        np.testing.assert_allclose(rows.toarray(), by_scikit_learn(texts).toarray(), rtol=0, atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.lists(ANY_TEXT, min_size=1, max_size=3))
def test_scores_are_rows_times_weights_and_do_not_depend_on_the_texts_beside(texts: list[str]) -> None:
    weights = np.random.default_rng(0).normal(size=(NGRAMS.size, 5)).astype(np.float32)
    scores = NGRAMS.scores(texts, weights)
    np.testing.assert_allclose(scores, NGRAMS.rows(texts) @ weights, atol=1e-4)
    alone = [NGRAMS.scores([text], weights)[0] for text in texts]
    assert np.array_equal(scores, alone)


def test_a_text_of_which_nothing_is_known_has_an_empty_row() -> None:
    assert NGRAMS.rows(["Ж"]).nnz == 0
    assert NGRAMS.scores(["Ж", ""], np.ones((NGRAMS.size, 2), np.float32)).tolist() == [[0, 0], [0, 0]]


def test_threads_that_ask_at_once_get_what_each_would_get_alone() -> None:
    texts = [f"{text} {number}" for number in range(20) for text in TEXTS]
    expected, found = by_scikit_learn(texts).toarray(), {}

    def ask(lane: int) -> None:
        found[lane] = NGRAMS.rows(texts).toarray()

    threads = [threading.Thread(target=ask, args=(lane,)) for lane in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(found[lane], expected) for lane in range(4))


@pytest.mark.parametrize(
    ("setting", "reason"),
    [({"sublinear_tf": False}, "sublinear_tf=False"), ({"token_pattern": r".+"}, "token_pattern='.+'")],
)
def test_a_vectoriser_it_cannot_follow_is_refused(setting: dict[str, object], reason: str) -> None:
    other = TfidfVectorizer(**(SETTINGS | {"token_pattern": WORD_PATTERN} | setting)).fit(TEXTS)
    with pytest.raises(ValueError, match=f"^{reason.replace('.+', '[.][+]')} of a vectoriser is not followed here"):
        NGrams(other, CHARACTERS)
