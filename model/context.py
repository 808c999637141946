"""What a mention of a red flag states: present, or set aside by a listed cue in its own clause.

Asymmetric by design: the worst error is a sign that nobody reads, so a mention stands unless a tight cue sets it
aside, and the cues that only look like denials ("I can't sleep because of the chest pain", "No, the numbness started
yesterday", "not only my back but a fever too") never do. The idea of trigger words with a scope is that of NegEx
(Chapman et al., J Biomed Inform 2001) and ConText (Harkema et al., 2009); scopes here end with the statement, not
with the sentence, and both languages apply to every text.
"""

import re
import tomllib
from collections.abc import Iterable, Sequence
from typing import Any, Literal, Protocol

from model.errors import InvalidFile
from model.rulebook import Mention
from model.text import fold

Axis = Literal["denied", "past", "hypothetical", "other_person", "figure"]
_YEAR = re.compile(r"(?:19|20)\d\d")
_PUNCTUATION = frozenset(",.;:!?…()/-")
_NEGATIONS = frozenset(
    {
        "no",
        "not",
        "can't",
        "cant",
        "cannot",
        "don't",
        "dont",
        "doesn't",
        "doesnt",
        "never",
        "without",
        "sin",
        "ni",
        "nunca",
    }
)


class Words(list[str]):
    """A text's words, and what was found in stretches of them: many mentions ask about the same clause.

    found : the cue, or nothing, by who looked for it, first word, and last word exclusive
    """

    __slots__ = ("found",)

    def __init__(self, words: Iterable[str]) -> None:
        super().__init__(words)
        self.found: dict[tuple[object, int, int], str] = {}


class Context:
    """The cues of all axes, from one TOML text.

    Raises InvalidFile when the text is not TOML or lacks an axis or a key.
    """

    def __init__(self, name: str, text: str) -> None:
        try:
            table = tomllib.loads(text)
            self._checks: tuple[tuple[Axis, _Check], ...] = (
                ("figure", _Figure(table["figure"])),
                ("denied", _Denied(table["denied"])),
                ("past", _Past(table["past"])),
                ("hypothetical", _Hypothetical(table["hypothetical"])),
                ("other_person", _OtherPerson(table["other_person"])),
            )
        except tomllib.TOMLDecodeError as error:
            raise InvalidFile(name, "syntax", str(error)) from None
        except KeyError as error:
            raise InvalidFile(name, "cues", f"{error} is missing") from None

    def set_aside(self, words: Words, mention: Mention) -> tuple[Axis, str] | None:
        """Why the mention states no present sign: axis and cue, or None when it states one."""
        for axis, check in self._checks:
            cue = check(words, mention)
            if cue:
                return axis, cue
        return None


class _Check(Protocol):
    """One axis: from a text's words and a mention the cue that sets it aside, or nothing."""

    def __call__(self, words: Words, mention: Mention) -> str: ...


class _Figure:
    """A figure of speech that the mention is part of, or stands beside."""

    def __init__(self, table: dict[str, Any]) -> None:
        self._around = _Cues(table["around"])
        self._reach = int(table["reach"])

    def __call__(self, words: Words, mention: Mention) -> str:
        start = max(mention.clause.first, mention.first - self._reach)
        return self._around.within(words, start, min(mention.clause.last, mention.last + self._reach))


class _Past:
    """Over and settled."""

    def __init__(self, table: dict[str, Any]) -> None:
        self._settled = _Cues(table["settled"])
        self._around = _Cues(table["around"])
        self._unless = _Cues(table["unless"])
        self._reach = int(table["reach"])
        self._years = frozenset(table["years"])
        self._history = frozenset(table["history"])

    def __call__(self, words: Words, mention: Mention) -> str:
        if mention.rule.flag in self._history:
            return ""
        span = mention.clause.first, mention.clause.last
        settled = self._settled.within(words, *span)
        if settled or self._unless.within(
            words, max(span[0], mention.first - self._reach), min(span[1], mention.last + self._reach)
        ):
            return settled
        return self._around.within(words, *span) or self._long_ago(words, *span)

    def _long_ago(self, words: Words, start: int, end: int) -> str:
        sought = self, start, end
        if sought not in words.found:
            words.found[sought] = self._find_long_ago(words, start, end)
        return words.found[sought]

    def _find_long_ago(self, words: Sequence[str], start: int, end: int) -> str:
        """A year of the past, "ten years ago", "hace diez años"; not how long something has lasted."""
        for place in range(start, end):
            word = words[place]
            if _YEAR.fullmatch(word):
                return word
            if word in {"ago", "back"} and place > start and words[place - 1] in self._years:
                return f"{words[place - 1]} {word}"
            if word == "hace" and (place == start or words[place - 1] != "desde"):
                unit = next((at for at in range(place + 1, min(place + 4, end)) if words[at] in self._years), None)
                if unit and (unit + 1 >= end or words[unit + 1] not in {"que", "q", "k"}):
                    return " ".join(words[place : unit + 1])
        return ""


class _Hypothetical:
    """Only feared or asked about."""

    def __init__(self, table: dict[str, Any]) -> None:
        self._before = _Cues(table["before"])
        self._around = _Cues(table["around"])
        self._reach = int(table["reach"])

    def __call__(self, words: Words, mention: Mention) -> str:
        start = max(mention.clause.first, mention.first - self._reach)
        near = self._before.within(words, start, mention.first)
        return near or self._around.within(words, mention.clause.first, mention.clause.last)


class _OtherPerson:
    """Somebody else's sign, in a text that asks something for its writer and nothing for the other."""

    def __init__(self, table: dict[str, Any]) -> None:
        self._before, self._after = _Cues(table["before"]), _Cues(table["after"])
        self._near, self._reach = _Cues(table["near"]), int(table["reach"])
        self._wants, self._patient = _Cues(table["wants"]), _Cues(table["patient"])

    def __call__(self, words: Words, mention: Mention) -> str:
        if not self._wants.within(words, 0, len(words)) or self._patient.within(words, 0, len(words)):
            return ""
        start = mention.clause.first
        return (
            self._before.ending_at(words, start, mention.first)
            or self._near.within(words, max(start, mention.first - self._reach), mention.first)
            or self._after.starting_at(words, mention.last, mention.clause.last)
        )


class _Denied:
    """Denials before a part of the mention, reaching through lists; behind it; or of everything in the clause."""

    def __init__(self, table: dict[str, Any]) -> None:
        self._before = _Cues(table["before"])
        self._adjacent = _Cues(table["adjacent"])
        self._paired = frozenset(table["paired"])
        self._after = _Cues(table["after"])
        self._around = _Cues(table["around"])
        self._pseudo = _Cues(table["pseudo"])
        self._reach = int(table["reach"])
        self._item = int(table["item"])
        self._joints = frozenset(table["joints"])
        self._stops = frozenset(table["stops"])

    def __call__(self, words: Words, mention: Mention) -> str:
        for first, _ in mention.parts:
            cue = self._cue_before(words, mention, first)
            if cue:
                return cue
        clause = mention.clause
        return self._cue_after(words, mention) or self._around.within(words, clause.first, clause.last)

    def _cue_before(self, words: Sequence[str], mention: Mention, first: int) -> str:
        """Walk back from a part of the mention, through the items of a list, to a cue.

        A negation that belongs to the sign itself ("can't feel my foot", "no siento la pierna") is no cue.
        """
        start = mention.clause.first
        own = {token for begin, end in mention.parts for token in range(begin, end)}
        if first - 1 not in own:
            cue = self._adjacent.ending_at(words, start, first)
            if cue and not self._is_pseudo(words, cue, first):
                return cue
        gap, limit = 0, self._reach
        for index in range(first, start, -1):
            if index - 1 in own:
                gap = 0
                continue
            cue = self._before.ending_at(words, start, index) or self._paired_at(words, mention, index - 1)
            if cue:
                return "" if self._is_pseudo(words, cue, index) else cue
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

    def _is_pseudo(self, words: Sequence[str], cue: str, behind: int) -> bool:
        """Whether the cue that ends before `behind` only begins a phrase that denies nothing."""
        return bool(self._pseudo.starting_at(words, behind - len(cue.split()), len(words)))

    def _paired_at(self, words: Sequence[str], mention: Mention, place: int) -> str:
        """`ni` or `nor` at a place, where another one stands elsewhere in the clause."""
        if words[place] not in self._paired:
            return ""
        others = words[mention.clause.first : place], words[place + 1 : mention.clause.last]
        return words[place] if any(word in self._paired for part in others for word in part) else ""

    def _cue_after(self, words: Sequence[str], mention: Mention) -> str:
        """A cue right behind the mention with nothing after it but the end or a comma: "fever: none", "fiebre no"."""
        if any(words[place] in _NEGATIONS for begin, end in mention.parts for place in range(begin, end)):
            return ""
        start, end = mention.last, mention.clause.last
        while start < end and words[start] in _PUNCTUATION - {","}:
            start += 1
        cue = self._after.starting_at(words, start, end)
        behind = start + len(cue.split())
        closed = behind >= end or words[behind] in _PUNCTUATION or words[behind] in self._joints
        return cue if cue and closed else ""


class _Cues:
    """A list of phrases, found by their first or their last word; of several that fit, the longest is reported."""

    def __init__(self, cues: Sequence[str]) -> None:
        phrases = sorted({tuple(fold(cue).split()) for cue in cues}, key=lambda cue: (-len(cue), cue))
        self._by_first: dict[str, list[tuple[str, ...]]] = {}
        self._by_last: dict[str, list[tuple[str, ...]]] = {}
        for phrase in phrases:
            self._by_first.setdefault(phrase[0], []).append(phrase)
            self._by_last.setdefault(phrase[-1], []).append(phrase)

    def within(self, words: Words, start: int, end: int) -> str:
        """The first cue that stands between the two places, or nothing."""
        sought = self, start, end
        if sought not in words.found:
            candidates = (place for place in range(start, end) if words[place] in self._by_first)
            cues = (self.starting_at(words, place, end) for place in candidates)
            words.found[sought] = next(filter(None, cues), "")
        return words.found[sought]

    def starting_at(self, words: Sequence[str], start: int, end: int) -> str:
        """The cue that begins at a place and ends before `end`, or nothing."""
        if start >= end:
            return ""
        for cue in self._by_first.get(words[start], ()):
            if start + len(cue) <= end and tuple(words[start : start + len(cue)]) == cue:
                return " ".join(cue)
        return ""

    def ending_at(self, words: Sequence[str], start: int, end: int) -> str:
        """The cue that ends before place `end` and begins at `start` or later, or nothing."""
        if start >= end:
            return ""
        for cue in self._by_last.get(words[end - 1], ()):
            if end - len(cue) >= start and tuple(words[end - len(cue) : end]) == cue:
                return " ".join(cue)
        return ""
