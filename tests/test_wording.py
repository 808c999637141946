from importlib.resources import files

import pytest

from model import Flag, Prediction, Service, taxonomy
from model.errors import InvalidFile
from service.wording import Messages, packaged_messages

SURE = {Service.PHYSIOTHERAPY: 0.96, Service.MASSAGE: 0.03, Service.OTHER: 0.01}


def texts() -> dict[str, str]:
    return {
        language: (files("service") / "messages" / f"{language}.toml").read_text("utf-8") for language in ("en", "es")
    }


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("code", taxonomy())
def test_every_flag_has_a_message_in_both_languages(language: str, code: str) -> None:
    assert packaged_messages().of(Prediction("", "", SURE, (Flag(code, "rule"),), language))


def test_emergencies_name_the_number_to_call_in_both_languages() -> None:
    for language in ("en", "es"):
        for code in ("cauda_equina", "suspected_clot", "safeguarding"):
            assert "112" in packaged_messages().of(Prediction("", "", SURE, (Flag(code, "rule"),), language))
        crisis = packaged_messages().of(Prediction("", "", SURE, (Flag("mental_health_crisis", "rule"),), language))
        assert "024" in crisis


def test_a_visitor_in_another_language_is_answered_in_english() -> None:
    english, german = (packaged_messages().of(Prediction("", "", SURE, (), language)) for language in ("en", "de"))
    assert german == english


def test_a_message_file_without_a_needed_key_is_refused_by_name() -> None:
    broken = texts() | {"es": texts()["es"].replace("crisis =", "crises =")}
    with pytest.raises(InvalidFile, match=r"^messages/es\.toml: crisis: is missing or empty$"):
        Messages(broken)
