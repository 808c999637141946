import pytest

from model.language import identify


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("me duele la espalda", "es"),
        ("hola kiero cita porfa xq me duele", "es"),
        ("my knee hurts when i run", "en"),
        ("cant sleep, shoulder killing me", "en"),
        ("Ich möchte einen Termin für eine Massage", "de"),
        ("vull una cita per un massatge", "ca"),
        ("Bonjour, je voudrais un massage", "fr"),
        ("Здравствуйте, болит спина", "ru"),
        ("🙏🙏", "en"),
        ("asdf", "en"),
    ],
)
def test_english_and_spanish_are_told_apart_and_from_others(text: str, language: str) -> None:
    assert identify(text) == language
