"""Checks of the rule packs: their own example sentences, and how they fare on labelled enquiries."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from model.red_flags import RedFlags
from model.rulebook import Rule
from training.data import LabelledEnquiry


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """How one rule fared: enquiries it flagged rightly, wrongly, and mentions that the context set aside."""

    rule: Rule
    right: int
    wrong: int
    set_aside: int


def broken_examples(red_flags: RedFlags) -> list[str]:
    """One line for each `matches` sentence its rule leaves, and each `leaves` sentence its rule flags."""
    lines: list[str] = []
    for rule in red_flags.rulebook.rules:
        lines += [
            f"{rule.id}: does not match {sentence!r}"
            for sentence in rule.matches
            if rule.id not in red_flags.stated_by(sentence)
        ]
        lines += [
            f"{rule.id}: does not leave {sentence!r}"
            for sentence in rule.leaves
            if rule.id in red_flags.stated_by(sentence)
        ]
    return lines


def shadowed(red_flags: RedFlags) -> list[str]:
    """Rules whose every example some other rule of the same flag matches as well: they may be needless."""
    lines: list[str] = []
    flag_of = {rule.id: rule.flag for rule in red_flags.rulebook.rules}
    for rule in red_flags.rulebook.rules:
        by_sentence = [
            {other for other in red_flags.stated_by(sentence) if other != rule.id and flag_of[other] == rule.flag}
            for sentence in rule.matches
        ]
        common = set.intersection(*by_sentence)
        if common:
            lines.append(f"{rule.id}: every example is matched by {', '.join(sorted(common))} as well")
    return lines


def records(red_flags: RedFlags, enquiries: Sequence[LabelledEnquiry]) -> list[RuleRecord]:
    """How each rule fares on labelled enquiries, in the order of the packs."""
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    aside: Counter[str] = Counter()
    flag_of = {rule.id: rule.flag for rule in red_flags.rulebook.rules}
    for enquiry in enquiries:
        for rule_id in red_flags.stated_by(enquiry.text):
            (right if flag_of[rule_id] in enquiry.flags else wrong)[rule_id] += 1
        aside.update({item.rule for item in red_flags.read(enquiry.text).set_aside})
    return [RuleRecord(rule, right[rule.id], wrong[rule.id], aside[rule.id]) for rule in red_flags.rulebook.rules]
