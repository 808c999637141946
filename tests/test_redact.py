import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.redact import MASK, redact


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("escríbeme a ana.garcia+fisio@example.co.uk gracias", "escríbeme a ____ gracias"),
        ("mi numero es 612 34 56 78, por la tarde", "mi numero es ____, por la tarde"),
        ("call me on +44 7911 123456 please", "call me on ____ please"),
        ("ring 07911 123456 after six", "ring ____ after six"),
        ("DNI 12345678Z para la factura", "DNI ____ para la factura"),
        ("nie X1234567L", "nie ____"),
        ("pagué con ES91 2100 0418 4502 0005 1332 ayer", "pagué con ____ ayer"),
        ("card 4111 1111 1111 1111 was charged", "card ____ was charged"),
        ("see https://example.org/scan?id=7 and www.example.org", "see ____ and ____"),
    ],
)
def test_what_names_or_reaches_a_person_is_masked(text: str, kept: str) -> None:
    masked = redact(text)
    assert len(masked) == len(text)
    parts = kept.split("____")
    assert masked.startswith(parts[0])
    assert masked.endswith(parts[-1])
    assert set(masked) - set("".join(parts)) == {MASK}


@pytest.mark.parametrize(
    "text",
    [
        "me duele desde el 12/10/2026 a las 17:30",
        "60 minutes, 45 euros, L4-L5, 38.5 of fever",
        "tengo 78 años y mido 1,62",
        "ES VERDAD que me duele la espalda",
    ],
)
def test_ages_dates_prices_and_vertebrae_stay(text: str) -> None:
    assert redact(text) == text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_redaction_moves_no_character_and_changes_it_only_to_the_mask(text: str) -> None:
    masked = redact(text)
    assert len(masked) == len(text)
    assert all(new in (old, MASK) for old, new in zip(text, masked, strict=True))
