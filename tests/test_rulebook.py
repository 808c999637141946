"""The form of a rule, on packs made for the test, and the packaged packs' own examples."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import InvalidFile
from model.red_flags import CONTEXT_FILE, RedFlags
from model.rule_files import packaged_rules
from model.taxonomy import alarm_codes
from training.rules import broken_examples

RULE = """
[lists]
calf = ["calf", "pantorrill*"]

[[rule]]
id = "calf-hot"
flag = "suspected_clot"
all = [["@calf"], ["hot", "red hot", "caliente"]]
near = 4
matches = ["hot calf"]
"""
PACKAGED = RedFlags(packaged_rules())
EXAMPLES = [example for rule in PACKAGED.rulebook.rules for example in (*rule.matches, *rule.leaves)]
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def pack(text: str) -> RedFlags:
    return RedFlags({"test.toml": text, CONTEXT_FILE: packaged_rules()[CONTEXT_FILE]})


def codes(red_flags: RedFlags, text: str) -> list[str]:
    return [flag.code for flag in red_flags.read(text).flags]


def test_the_packaged_rules_keep_their_own_examples() -> None:
    assert broken_examples(PACKAGED) == []


def test_every_alarm_has_rules_in_both_languages() -> None:
    rules = PACKAGED.rulebook.rules
    for language in ("en", "es"):
        assert {rule.flag for rule in rules if rule.id.startswith(f"{language}-")} == set(alarm_codes())


@pytest.mark.parametrize("text", ["my calf is hot", "hot right calf", "the pantorrilla está caliente", "CALF: HOT"])
def test_groups_match_in_any_order_case_and_language(text: str) -> None:
    assert codes(pack(RULE), text) == ["suspected_clot"]


@pytest.mark.parametrize(
    "text",
    [
        "calf tired. hot day",  # two clauses
        "calf worked a lot these days and the bath was hot",  # too far apart
        "calving hotly",  # parts of other words
    ],
)
def test_groups_apart_do_not_match(text: str) -> None:
    assert codes(pack(RULE), text) == []


def test_evidence_is_the_stretch_from_the_first_to_the_last_word_of_the_text_as_received() -> None:
    text = "Ay, mi Pantorrilla está CALIENTE 💪"
    (flag,) = pack(RULE).read(text).flags
    assert [text[span.start : span.end] for span in flag.evidence] == ["Pantorrilla está CALIENTE"]
    assert flag.evidence[0].text == "Pantorrilla está CALIENTE"


def test_a_rule_may_ask_for_words_anywhere_in_the_text() -> None:
    red_flags = pack(RULE.replace("near = 4", 'near = 4\nanywhere = [["flight"]]'))
    assert codes(red_flags, "my calf is hot. We had a long flight") == ["suspected_clot"]
    assert codes(red_flags, "my calf is hot. We had a long walk") == []


def test_a_rule_is_silenced_by_its_never_phrases_in_the_same_clause_only() -> None:
    red_flags = pack(RULE.replace("near = 4", 'near = 4\nnever = ["after the sauna"]'))
    assert codes(red_flags, "my calf is hot after the sauna") == []
    assert codes(red_flags, "my calf is hot. After the sauna I slept") == ["suspected_clot"]


def test_a_mention_counts_once_however_often_it_stands() -> None:
    (flag,) = pack(RULE).read("my calf is hot. I said my calf is hot").flags
    assert len(flag.evidence) == 2


def test_of_several_places_the_tightest_stretch_of_a_clause_is_the_evidence() -> None:
    text = "calf so very hot, hot calf, calf is hot, hot calf"
    (flag,) = pack(RULE).read(text).flags
    assert [(span.start, span.text) for span in flag.evidence] == [(18, "hot calf")]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_evidence_stands_in_the_text_where_it_says_whatever_surrounds_it(data: st.DataObject) -> None:
    pieces = data.draw(st.lists(st.sampled_from(EXAMPLES) | ANY_TEXT, min_size=1, max_size=8))
    text = data.draw(st.sampled_from(["", " ", "\n", "\u0301", "😀", "İ", "ﷺ", ", ", ". "])).join(pieces)
    reading = PACKAGED.read(text)
    spans = [span for flag in reading.flags for span in flag.evidence]
    for span in [*spans, *(mention.evidence for mention in reading.set_aside)]:
        assert 0 <= span.start < span.end <= len(text)
        assert text[span.start : span.end] == span.text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            ("suspected_clot", "suspected_cold"),
            "rule 'calf-hot': flag 'suspected_cold' is not an emergency or urgent code",
        ),
        (('matches = ["hot calf"]', ""), "rule 'calf-hot': lacks matches"),
        (('matches = ["hot calf"]', "matches = []"), "needs at least one sentence"),
        (("near = 4", "nearby = 4"), "has unknown keys nearby"),
        (('"@calf"', '"@knee"'), "there is no list '@knee'"),
        (('"pantorrill*"', '"pa*"'), "a beginning needs at least 3 letters"),
        (('all = [["@calf"]', 'all = ["@calf"'), "`all` must be a list of groups"),
        (("[[rule]]", "[rule"), "test.toml: syntax"),
    ],
)
def test_a_pack_that_breaks_the_form_is_refused_by_name_and_place(change: tuple[str, str], reason: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        pack(RULE.replace(*change))
    assert reason in str(caught.value)
    assert str(caught.value).startswith("test.toml: ")


def test_an_id_stands_once() -> None:
    with pytest.raises(InvalidFile, match="its id stands twice"):
        pack(RULE + RULE.split("[lists]")[1].split("\n", 2)[2])
