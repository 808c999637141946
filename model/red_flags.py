"""Red flags by rule: the mentions that a text states, and those that its context sets aside."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from model.context import Axis, Context, Words
from model.rulebook import Mention, Rulebook
from model.text import Token, clauses, fold, tokenize
from model.types import Evidence, Flag, SetAside

CONTEXT_FILE = "context.toml"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the rules read in one text: flags stated, in no order, and mentions set aside."""

    flags: tuple[Flag, ...]
    set_aside: tuple[SetAside, ...]


class RedFlags:
    """Rule packs and context cues together.

    files : the text of each pack by its name, and the cues under `context.toml`

    Raises InvalidFile, naming the file and the rule, when one breaks its form.
    """

    def __init__(self, files: Mapping[str, str]) -> None:
        packs = {name: text for name, text in files.items() if name != CONTEXT_FILE}
        self.rulebook = Rulebook(packs)
        self._context = Context(CONTEXT_FILE, files[CONTEXT_FILE])

    def read(self, text: str) -> Reading:
        """Find what the text states; spans are code points of `text`."""
        stated: dict[str, list[Evidence]] = {}
        aside: list[SetAside] = []
        for mention, evidence, verdict in self._judged(text):
            if verdict:
                axis, cue = verdict
                aside.append(SetAside(mention.rule.flag, mention.rule.id, axis, cue, evidence))
            else:
                stated.setdefault(mention.rule.flag, []).append(evidence)
        flags = tuple(Flag(code, "rule", _apart(spans)) for code, spans in stated.items())
        return Reading(flags, tuple(aside))

    def stated_by(self, text: str) -> set[str]:
        """Ids of the rules by which the text states a red flag."""
        return {mention.rule.id for mention, _, verdict in self._judged(text) if verdict is None}

    def _judged(self, text: str) -> Iterator[tuple[Mention, Evidence, tuple[Axis, str] | None]]:
        folded = fold(text)
        tokens = tokenize(folded)
        words = Words(token.text for token in tokens)
        for mention in self.rulebook.mentions(words, clauses(folded, tokens)):
            verdict = self._context.set_aside(words, mention)
            yield mention, _evidence(text, tokens, mention), verdict


def _evidence(text: str, tokens: list[Token], mention: Mention) -> Evidence:
    start, end = tokens[mention.first].start, tokens[mention.last - 1].end
    return Evidence(start, end, text[start:end])


def _apart(spans: list[Evidence]) -> tuple[Evidence, ...]:
    """Spans in the order of the text, each lying inside or across an earlier one left out."""
    kept: list[Evidence] = []
    for span in sorted(spans, key=lambda item: (item.start, -item.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return tuple(kept)
