"""What a mention of a red flag states: present, or set aside by a listed cue in its own clause.

Asymmetric by design: the worst error is a sign that nobody reads, so a mention stands unless a tight cue sets it
aside, and the cues that only look like denials ("I can't sleep because of the chest pain", "No, the numbness started
yesterday", "not only my back but a fever too") never do. The idea of trigger words with a scope is that of NegEx
(Chapman et al., J Biomed Inform 2001) and ConText (Harkema et al., 2009); scopes here end with the statement, not
with the sentence, and both languages apply to every text.
"""

import re
import tomllib
from collections.abc import Callable, Sequence
from typing import Any, Literal

from model.errors import InvalidFile
from model.rulebook import Mention
from model.text import Token, fold

Axis = Literal["denied", "past", "hypothetical", "other_person", "figure"]
_YEAR = re.compile(r"(?:19|20)\d\d")
_PUNCTUATION = frozenset(",.;:!?…()/-")


class Context:
    """The cues of all axes, from one TOML text.

    Raises InvalidFile when the text is not TOML or lacks an axis or a key.
    """

    def __init__(self, name: str, text: str) -> None:
        try:
            table = tomllib.loads(text)
            self._denied = _Denied(table["denied"])
            self._past_cues = _phrases(table["past"]["around"])
            self._past_unless = _phrases(table["past"]["unless_around"])
            self._hypothetical_cues = _phrases(table["hypothetical"]["before"])
            self._hypothetical_reach = int(table["hypothetical"]["reach"])
            self._owner_before = _phrases(table["other_person"]["before"])
            self._owner_after = _phrases(table["other_person"]["after"])
            self._wants = _phrases(table["other_person"]["wants"])
            self._figures = _phrases(table["figure"]["around"])
        except tomllib.TOMLDecodeError as error:
            raise InvalidFile(name, "syntax", str(error)) from None
        except KeyError as error:
            raise InvalidFile(name, "cues", f"{error} is missing") from None

    def set_aside(self, tokens: Sequence[Token], mention: Mention) -> tuple[Axis, str] | None:
        """Why the mention states no present sign: axis and cue, or None when it states one."""
        words = [token.text for token in tokens]
        checks: tuple[tuple[Axis, Callable[[Sequence[str], Mention], str]], ...] = (
            ("figure", self._figure),
            ("denied", self._denied),
            ("past", self._past),
            ("hypothetical", self._hypothetical),
            ("other_person", self._other_person),
        )
        for axis, check in checks:
            cue = check(words, mention)
            if cue:
                return axis, cue
        return None

    def _figure(self, words: Sequence[str], mention: Mention) -> str:
        return _find(words, self._figures, mention.clause.first, mention.clause.last)

    def _past(self, words: Sequence[str], mention: Mention) -> str:
        clause = mention.clause
        if _find(words, self._past_unless, clause.first, clause.last):
            return ""
        year = next((word for word in words[clause.first : clause.last] if _YEAR.fullmatch(word)), "")
        return _find(words, self._past_cues, clause.first, clause.last) or year

    def _hypothetical(self, words: Sequence[str], mention: Mention) -> str:
        start = max(mention.clause.first, mention.first - self._hypothetical_reach)
        return _find(words, self._hypothetical_cues, start, mention.first)

    def _other_person(self, words: Sequence[str], mention: Mention) -> str:
        if not _find(words, self._wants, 0, len(words)):
            return ""
        before = _ending_at(words, self._owner_before, mention.clause.first, mention.first)
        return before or _starting_at(words, self._owner_after, mention.last, mention.clause.last)


class _Denied:
    """Denials before a part of the mention, reaching through lists, and behind it, closing the statement."""

    def __init__(self, table: dict[str, Any]) -> None:
        self._before = _phrases(table["before"])
        self._after = _phrases(table["after"])
        self._reach = int(table["reach"])
        self._item = int(table["item"])
        self._joints = frozenset(table["joints"])
        self._stops = frozenset(table["stops"])
        self._unless_next = frozenset(table["unless_next"])

    def __call__(self, words: Sequence[str], mention: Mention) -> str:
        for first, _ in mention.parts:
            cue = self._cue_before(words, mention, first)
            if cue:
                return cue
        return self._cue_after(words, mention)

    def _cue_before(self, words: Sequence[str], mention: Mention, first: int) -> str:
        """Walk back from a part of the mention, through the items of a list, to a cue.

        A negation that belongs to the sign itself ("can't feel my foot", "no siento la pierna") is no cue.
        """
        gap, limit = 0, self._reach
        own = {token for start, end in mention.parts for token in range(start, end)}
        for index in range(first, mention.clause.first, -1):
            if index - 1 in own:
                gap = 0
                continue
            cue = _ending_at(words, self._before, mention.clause.first, index)
            if cue:
                return "" if words[index] in self._unless_next else cue
            word = words[index - 1]
            if word in self._joints:
                gap, limit = 0, self._item
            elif word in self._stops:
                return ""
            else:
                gap += 1
                if gap > limit:
                    return ""
        return ""

    def _cue_after(self, words: Sequence[str], mention: Mention) -> str:
        """A cue right behind the mention with nothing after it but the end or a comma: "fever: none", "fiebre no"."""
        start, end = mention.last, mention.clause.last
        while start < end and words[start] in _PUNCTUATION - {","}:
            start += 1
        cue = _starting_at(words, self._after, start, end)
        behind = start + len(cue.split())
        closed = behind >= end or words[behind] in _PUNCTUATION or words[behind] in self._joints
        return cue if cue and closed else ""


def _phrases(cues: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Cues as word tuples, the longest first, so that the fullest one is reported."""
    return tuple(sorted({tuple(fold(cue).split()) for cue in cues}, key=lambda cue: (-len(cue), cue)))


def _find(words: Sequence[str], cues: Sequence[tuple[str, ...]], start: int, end: int) -> str:
    stretch = tuple(words[start:end])
    for cue in cues:
        for index in range(len(stretch) - len(cue) + 1):
            if stretch[index : index + len(cue)] == cue:
                return " ".join(cue)
    return ""


def _ending_at(words: Sequence[str], cues: Sequence[tuple[str, ...]], start: int, end: int) -> str:
    return next(
        (" ".join(cue) for cue in cues if end - len(cue) >= start and tuple(words[end - len(cue) : end]) == cue), ""
    )


def _starting_at(words: Sequence[str], cues: Sequence[tuple[str, ...]], start: int, end: int) -> str:
    return next(
        (" ".join(cue) for cue in cues if start + len(cue) <= end and tuple(words[start : start + len(cue)]) == cue), ""
    )
