"""N-grams counted once, and what each training set makes of them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from training.counts import Counts, Weighing, count_characters, count_words, vectorizers
from training.data import read_labelled
from training.settings import FeatureSettings, read_settings

ODD = [
    "a b c a b, x-y's ½ ﬁn ﷺ Ὀδυσσεύς ΣΑΣ Straße İstanbul 痛い",
    "¨knee a¨b\u2028knee\u00a0KNEE\x1fknee",
    "...",
    "a b c x-y's ½ ﷺ ΑΣ\u0301 痛い 痛い",
]
SETTINGS = read_settings().features
WORDS, CHARACTERS = vectorizers(SETTINGS)


@pytest.mark.parametrize(
    ("count", "own", "fewest"),
    [(count_words, WORDS, SETTINGS.word_min_df), (count_characters, CHARACTERS, SETTINGS.character_min_df)],
)
def test_a_training_set_sees_exactly_what_a_vectoriser_fitted_on_it_sees(
    small_data: list[Path],
    count: Callable[[Sequence[str], FeatureSettings], Counts],
    own: TfidfVectorizer,
    fewest: int,
) -> None:
    texts = [*ODD, *(enquiry.text for enquiry in read_labelled(small_data[:1])), *ODD]
    train, test = np.arange(0, 150), np.arange(150, len(texts))
    counted = count(texts, SETTINGS)
    chosen = Weighing.fit(counted.counts[train], fewest)
    fitted = counted.fitted(vectorizers(SETTINGS)[own is CHARACTERS], chosen)
    expected = own.fit_transform([texts[row] for row in train])
    assert fitted.vocabulary_ == own.vocabulary_
    assert np.array_equal(fitted.idf_, own.idf_)
    for rows, wanted in ((train, expected), (test, own.transform([texts[row] for row in test]))):
        found = chosen.rows(counted.counts[rows])
        assert found.dtype == np.float32
        assert (found != wanted).nnz == 0
        assert (fitted.transform([texts[row] for row in rows]) != wanted).nnz == 0
