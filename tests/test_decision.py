from dataclasses import replace

from model.decision import Thresholds, doubted, merge, policy_codes, raised_by_model
from model.types import Flag, Service

LIMITS = Thresholds(
    route=0.85, confirm=0.5, flags={"suspected_clot": 0.4, "cauda_equina": 0.6, "pregnancy": 0.5}, any_alarm=0.3
)


def test_a_code_is_raised_from_its_own_threshold_on() -> None:
    flags = {"suspected_clot": 0.4, "cauda_equina": 0.59, "pregnancy": 0.49}
    assert raised_by_model(flags, 0.0, set(), LIMITS) == ["suspected_clot"]


def test_a_likely_alarm_raises_its_likeliest_code_even_below_that_codes_threshold() -> None:
    flags = {"suspected_clot": 0.1, "cauda_equina": 0.2, "pregnancy": 0.9}
    assert raised_by_model(flags, 0.3, set(), LIMITS) == ["pregnancy", "cauda_equina"]


def test_a_likely_alarm_adds_nothing_to_an_alarm_that_a_rule_states() -> None:
    assert raised_by_model({"suspected_clot": 0.1, "cauda_equina": 0.2}, 0.9, {"suspected_clot"}, LIMITS) == []


def test_an_unsure_answer_asks_and_a_very_unsure_one_goes_to_a_person() -> None:
    assert policy_codes(Service.MASSAGE, 0.85, [], LIMITS) == []
    assert policy_codes(Service.MASSAGE, 0.84, [], LIMITS) == ["ambiguous"]
    assert policy_codes(Service.MASSAGE, 0.49, [], LIMITS) == ["low_confidence"]


def test_an_enquiry_for_neither_service_is_never_routed() -> None:
    assert policy_codes(Service.OTHER, 0.99, [], LIMITS) == ["out_of_scope"]
    assert policy_codes(Service.OTHER, 0.99, ["pregnancy"], LIMITS) == ["out_of_scope"]


def test_out_of_scope_is_not_said_where_another_flag_says_why() -> None:
    assert policy_codes(Service.OTHER, 0.99, ["complaint_or_legal"], LIMITS) == []


def test_flags_merge_to_one_a_code_the_gravest_first_and_rules_before_the_model() -> None:
    flags = [
        Flag("suspected_clot", "rule"),
        Flag("mixed_needs", "model"),
        Flag("cauda_equina", "model"),
        Flag("suspected_clot", "model"),
    ]
    assert [(flag.code, flag.source) for flag in merge(flags)] == [
        ("cauda_equina", "model"),
        ("suspected_clot", "rule"),
        ("mixed_needs", "model"),
    ]


def test_what_the_rules_state_is_doubted_only_below_the_threshold_and_never_against_the_model() -> None:
    limits = replace(LIMITS, doubt=0.02)
    assert doubted({"suspected_clot", "minor"}, [], 0.01, limits) == {"suspected_clot"}
    assert doubted({"suspected_clot"}, [], 0.02, limits) == set()
    assert doubted({"suspected_clot"}, ["suspected_infection"], 0.01, limits) == set()
    assert doubted({"suspected_clot"}, [], 0.0, LIMITS) == set()
