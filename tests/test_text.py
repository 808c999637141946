import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.text import clauses, fold, tokenize

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@given(ANY_TEXT)
def test_folding_moves_no_character(text: str) -> None:
    assert len(fold(text)) == len(text)


@given(ANY_TEXT)
def test_tokens_stand_where_they_say(text: str) -> None:
    folded = fold(text)
    assert all(folded[token.start : token.end] == token.text for token in tokenize(folded))


@given(ANY_TEXT)
def test_tokens_leave_out_white_space_only(text: str) -> None:
    folded = fold(text)
    assert "".join(token.text for token in tokenize(folded)) == "".join(folded.split())


def test_a_long_stretch_without_white_space_is_cut_between_words() -> None:
    words = ["dolor", "fiebre", "can't", "hinchazon"] * 30
    assert [token.text for token in tokenize(",".join(words)) if token.text != ","] == words
    assert len(tokenize("," * 5_000)) == 5_000


@given(ANY_TEXT)
def test_clauses_cover_all_tokens_once_and_in_order(text: str) -> None:
    folded = fold(text)
    tokens = tokenize(folded)
    covered = [index for clause in clauses(folded, tokens) for index in range(clause.first, clause.last)]
    assert covered == list(range(len(tokens)))


@pytest.mark.parametrize(
    ("text", "expected"), [("Fisioterapéutica", "fisioterapeutica"), ("AÑO", "ano"), ("can’t", "can't"), ("İß", "iß")]
)
def test_folding_takes_case_accents_and_curly_quotes_away(text: str, expected: str) -> None:
    assert fold(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("it's numb.no fever", ["it", "'s", "numb", ".", "no", "fever"]),
        ("fiebre(38,5) ayer", ["fiebre", "(", "38,5", ")", "ayer"]),
        ("can't feel", ["can't", "feel"]),
    ],
)
def test_words_glued_by_punctuation_are_parted(text: str, expected: list[str]) -> None:
    assert [token.text for token in tokenize(fold(text))] == expected


def test_a_clause_ends_at_a_full_stop_a_line_end_and_an_adversative_word() -> None:
    folded = fold("no fever, no chills but my calf is hot. Can I come?\nThanks")
    tokens = tokenize(folded)
    parts = [folded[tokens[part.first].start : tokens[part.last - 1].end] for part in clauses(folded, tokens)]
    assert parts == ["no fever, no chills", "but my calf is hot.", "can i come?", "thanks"]
