"""From probabilities and rules to flags: functions of plain values, with the thresholds given."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from model.taxonomy import alarm_codes, taxonomy
from model.types import Flag, Service

EXPLAINS_OTHER = frozenset({*alarm_codes(), "sexual_request", "complaint_or_legal", "not_enough_information"})
"""Flags that say why neither service fits, so that `out_of_scope` is not needed beside them."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When the model is sure enough.

    route : lowest confidence at which a service is offered without asking
    confirm : lowest confidence at which it is at least suggested; below it a person decides
    flags : for each code the lowest probability at which the model raises it
    any_alarm : lowest probability of some emergency or urgent flag at which the likeliest of them is raised, even if
        it stays below its own threshold
    doubt : probability below which signs that the rules state are doubted; 0 doubts none
    """

    route: float
    confirm: float
    flags: Mapping[str, float]
    any_alarm: float
    doubt: float = 0.0


def raised_by_model(
    flags: Mapping[str, float], any_alarm: float, by_rule: Set[str], thresholds: Thresholds
) -> list[str]:
    """Codes that the model adds to those the rules state.

    flags, any_alarm : calibrated probabilities
    """
    raised = [code for code, value in flags.items() if value >= thresholds.flags[code] and code not in by_rule]
    alarms = {code: flags[code] for code in alarm_codes() if code in flags}
    if alarms and any_alarm >= thresholds.any_alarm and not by_rule and not alarms.keys() & set(raised):
        raised.append(max(alarms, key=alarms.__getitem__))
    return raised


def doubted(by_rule: Set[str], by_model: Iterable[str], stated: float, thresholds: Thresholds) -> set[str]:
    """Emergency and urgent codes that the rules state and the model is all but sure nobody states.

    They are not raised as alarms, but a person reads the enquiry all the same (`doubtful_sign`). The rules are never
    doubted where the model itself raises an alarm.

    stated : calibrated probability that some emergency or urgent sign is stated, judged without the rules
    """
    alarms = set(alarm_codes())
    if stated >= thresholds.doubt or alarms.intersection(by_model):
        return set()
    return alarms & by_rule


def policy_codes(best: Service, confidence: float, raised: Iterable[str], thresholds: Thresholds) -> list[str]:
    """What the system must say about its own answer: unsure, or neither service."""
    codes = set(raised)
    if best is Service.OTHER:
        return [] if codes & EXPLAINS_OTHER else ["out_of_scope"]
    if confidence < thresholds.confirm:
        return ["low_confidence"]
    return ["ambiguous"] if confidence < thresholds.route else []


def merge(flags: Iterable[Flag]) -> tuple[Flag, ...]:
    """Each code once, the gravest first; of two flags with the same code the first given stays."""
    order = {code: place for place, code in enumerate(taxonomy())}
    unique: dict[str, Flag] = {}
    for flag in flags:
        unique.setdefault(flag.code, flag)
    return tuple(sorted(unique.values(), key=lambda flag: (-flag.urgency, order[flag.code])))
