"""What a mention states, read through the packaged rules: the asymmetric promise of model/context.py."""

import pytest

from model.red_flags import RedFlags
from model.rule_files import packaged_rules


@pytest.fixture(scope="module")
def red_flags() -> RedFlags:
    return RedFlags(packaged_rules())


STATED = [
    "I can't sleep because of the chest pain",
    "No, the chest pain started yesterday",
    "it's not only my back, I have chest pain too",
    "without treatment the chest pain gets worse",
    "no puedo dormir por el dolor en el pecho",
    "no, el dolor en el pecho empezó ayer",
    "no es solo la espalda, tengo dolor en el pecho",
    "no fever but my calf is hot and swollen",
    "sin fiebre pero la pantorrilla está hinchada y caliente",
    "my calf is swollen, no fever",
    "I don't know why but my calf is hot and swollen",
]
DENIED = [
    "no chest pain",
    "no fever, no cough, no chest pain",
    "I have no numbness, no weakness or chest pain",
    "I don't have chest pain or anything like that",
    "without any chest pain",
    "sin fiebre ni dolor en el pecho",
    "no tengo dolor en el pecho",
    "my calf is not swollen",
    "la pantorrilla no está hinchada",
    "calf swelling: none",
]


@pytest.mark.parametrize("text", STATED)
def test_what_only_looks_like_a_denial_states_the_sign(red_flags: RedFlags, text: str) -> None:
    reading = red_flags.read(text)
    assert reading.flags, reading.set_aside


@pytest.mark.parametrize("text", DENIED)
def test_a_denied_sign_is_no_flag(red_flags: RedFlags, text: str) -> None:
    assert red_flags.read(text).flags == ()


@pytest.mark.parametrize(
    ("text", "axis"),
    [
        ("no chest pain at all", "denied"),
        ("I had chest pain years ago, all clear", "past"),
        ("tuve dolor en el pecho hace años", "past"),
        ("what if I get chest pain during the massage?", "hypothetical"),
        ("y si me da dolor en el pecho durante el masaje?", "hypothetical"),
    ],
)
def test_a_mention_set_aside_is_kept_with_its_axis_and_cue(red_flags: RedFlags, text: str, axis: str) -> None:
    reading = red_flags.read(text)
    assert reading.flags == ()
    assert [mention.axis for mention in reading.set_aside][:1] == [axis]
    assert all(mention.cue for mention in reading.set_aside)


def test_what_came_from_the_past_and_lasts_is_present(red_flags: RedFlags) -> None:
    assert red_flags.read("chest pain since two years ago and still there").flags
