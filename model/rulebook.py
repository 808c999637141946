"""Rules for red flags: word groups that must stand together in a clause, kept in files that a clinician can edit.

A pack is a TOML file. `[lists]` names lists of words; each `[[rule]]` has

    id        unique in its pack
    flag      an emergency or urgent code of the taxonomy
    all       groups of alternatives; one of each group must stand in the same clause, in any order
    near      largest number of tokens from the first to the last of them (default 9)
    anywhere  groups that may stand anywhere in the text (default none)
    never     phrases whose presence in the clause silences the rule (default none)
    matches   sentences in which the rule must raise the flag
    leaves    sentences in which the rule must not raise it

An alternative is a word, a phrase ("short of breath"), a beginning ("hinch*") or a list ("@calf"). Words are compared
folded: lower case, without accents, so `fiebre`, `Fiebre` and `FIÉBRE` are one.
"""

import tomllib
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from model.errors import InvalidFile
from model.taxonomy import alarm_codes
from model.text import Clause, fold, tokenize

_KEYS = {"id", "flag", "all", "near", "anywhere", "never", "matches", "leaves"}
_DEFAULT_NEAR = 9
_MIN_PREFIX = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; groups are given as numbers of the rulebook's term groups."""

    id: str
    flag: str
    all: tuple[int, ...]
    near: int
    anywhere: tuple[int, ...]
    never: int | None
    matches: tuple[str, ...]
    leaves: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """Words that speak of a red flag; whether they state it is for the context to say.

    parts : tokens (first, last exclusive) of each of the rule's groups
    """

    rule: Rule
    parts: tuple[tuple[int, int], ...]
    clause: Clause

    @property
    def first(self) -> int:
        """First token of the whole mention."""
        return min(first for first, _ in self.parts)

    @property
    def last(self) -> int:
        """Token behind the last of the whole mention."""
        return max(last for _, last in self.parts)


@dataclass(frozen=True, slots=True)
class _Entry:
    """An alternative of several groups, filed under the word at place `anchor`."""

    phrase: tuple[str, ...]
    anchor: int
    groups: tuple[int, ...]

    def stands_at(self, words: Sequence[str], first: int) -> bool:
        """Whether the phrase begins at token `first`; its anchor is known to match."""
        if first < 0 or first + len(self.phrase) > len(words):
            return False
        return all(
            words[first + place].startswith(part[:-1]) if part.endswith("*") else words[first + place] == part
            for place, part in enumerate(self.phrase)
            if place != self.anchor
        )


class _Places:
    """Where a group stands in one clause.

    spans : first token and last, exclusive; indices : of a token in each, in ascending order
    """

    __slots__ = ("indices", "spans")

    def __init__(self) -> None:
        self.spans: list[tuple[int, int]] = []
        self.indices: list[int] = []

    def between(self, start: int, end: int) -> list[tuple[int, int]]:
        """Among others those that lie between two places, so that no mention looks through a whole text."""
        return self.spans[bisect_left(self.indices, start) : bisect_left(self.indices, end)]


class _Hits:
    """Where a group stands in a text.

    begun : clauses in which it begins; inside : its places by clause, for those that hold it whole
    """

    __slots__ = ("begun", "inside")

    def __init__(self) -> None:
        self.begun: set[int] = set()
        self.inside: defaultdict[int, _Places] = defaultdict(_Places)

    def add(self, index: int, span: tuple[int, int], begins: int, ends: int) -> None:
        """Add a place that holds the token `index`, not before the last one added, with the clauses of its ends."""
        self.begun.add(begins)
        if begins == ends:
            places = self.inside[begins]
            places.spans.append(span)
            places.indices.append(index)


class Rulebook:
    """All packs together.

    Each alternative is filed under its rarest word, so that a text asks only for the few it may hold.

    packs : the text of each TOML file by its name

    Raises InvalidFile, naming pack and rule, when a pack breaks the form.
    """

    def __init__(self, packs: Mapping[str, str]) -> None:
        self._groups: dict[tuple[tuple[str, ...], ...], int] = {}
        rules = [rule for name, text in packs.items() for rule in self._read(name, text)]
        self.rules: tuple[Rule, ...] = tuple(rules)
        self._exact, self._prefix = _filed(self._groups)
        self._prefix_lengths = sorted({len(prefix) for prefix in self._prefix})
        # A rule is looked at only when its rarest group is met; which is rarest is guessed by how few phrases it holds.
        sizes = {number: len(phrases) for phrases, number in self._groups.items()}
        self._by_group: defaultdict[int, list[Rule]] = defaultdict(list)
        for rule in rules:
            self._by_group[min(rule.all, key=sizes.__getitem__)].append(rule)

    def mentions(self, words: Sequence[str], clauses: Sequence[Clause]) -> list[Mention]:
        """Every place where a rule's groups stand together, in the order of the text."""
        hits = self._hits(words, clauses)
        found: list[Mention] = []
        for group in hits.keys() & self._by_group.keys():
            for rule in self._by_group[group]:
                if all(number in hits for number in (*rule.all, *rule.anywhere)):
                    found += _places(rule, hits, clauses)
        return sorted(found, key=lambda mention: (mention.first, mention.last, mention.rule.id))

    def _hits(self, words: Sequence[str], clauses: Sequence[Clause]) -> dict[int, _Hits]:
        """Where each group that occurs does."""
        clause_of = [number for number, clause in enumerate(clauses) for _ in range(clause.first, clause.last)]
        hits: defaultdict[int, _Hits] = defaultdict(_Hits)
        for index, word in enumerate(words):
            candidates = list(self._exact.get(word, ()))
            for length in self._prefix_lengths:
                if length > len(word):
                    break
                candidates += self._prefix.get(word[:length], ())
            for entry in candidates:
                first = index - entry.anchor
                if len(entry.phrase) == 1 or entry.stands_at(words, first):
                    last = first + len(entry.phrase)
                    for group in entry.groups:
                        hits[group].add(index, (first, last), clause_of[first], clause_of[last - 1])
        return hits

    def _read(self, name: str, text: str) -> Iterator[Rule]:
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InvalidFile(name, "syntax", str(error)) from None
        lists = table.get("lists", {})
        seen: set[str] = set()
        for number, entry in enumerate(table.get("rule", []), 1):
            where = f"rule {entry.get('id', number)!r}"
            reason = _fault(entry, seen)
            if reason:
                raise InvalidFile(name, where, reason)
            seen.add(entry["id"])
            try:
                yield self._build(entry, lists)
            except ValueError as error:
                raise InvalidFile(name, where, str(error)) from None

    def _build(self, entry: dict[str, Any], lists: dict[str, list[str]]) -> Rule:
        return Rule(
            id=entry["id"],
            flag=entry["flag"],
            all=tuple(self._group(group, lists) for group in entry["all"]),
            near=entry.get("near", _DEFAULT_NEAR),
            anywhere=tuple(self._group(group, lists) for group in entry.get("anywhere", [])),
            never=self._group(entry["never"], lists) if entry.get("never") else None,
            matches=tuple(entry["matches"]),
            leaves=tuple(entry.get("leaves", [])),
        )

    def _group(self, alternatives: Sequence[str], lists: dict[str, list[str]]) -> int:
        """Number of the group of alternatives, the same for the same alternatives."""
        phrases = tuple(sorted({_phrase(word) for word in _expand(alternatives, lists)}))
        return self._groups.setdefault(phrases, len(self._groups))


def _fault(entry: dict[str, Any], seen: set[str]) -> str:
    """Say what breaks the form of a rule, or nothing."""
    missing = {"id", "flag", "all", "matches"} - entry.keys()
    if missing:
        return f"lacks {', '.join(sorted(missing))}"
    if entry.keys() - _KEYS:
        return f"has unknown keys {', '.join(sorted(entry.keys() - _KEYS))}"
    if entry["id"] in seen:
        return "its id stands twice"
    if entry["flag"] not in alarm_codes():
        return f"flag {entry['flag']!r} is not an emergency or urgent code"
    if not entry["all"] or not all(isinstance(group, list) and group for group in entry["all"]):
        return "`all` must be a list of groups, each a list of words"
    return "" if entry["matches"] else "needs at least one sentence in `matches`"


def _expand(alternatives: Iterable[str], lists: dict[str, list[str]]) -> Iterator[str]:
    for word in alternatives:
        if word.startswith("@"):
            if word[1:] not in lists:
                raise ValueError(f"there is no list {word!r}")
            yield from _expand(lists[word[1:]], lists)
        else:
            yield word


def _phrase(word: str) -> tuple[str, ...]:
    """Tokens of an alternative, cut as the text will be; a trailing `*` stays with its word."""
    parts: list[str] = []
    for piece in fold(word).split():
        stem = piece.removesuffix("*")
        if piece.endswith("*") and len(stem) < _MIN_PREFIX:
            raise ValueError(f"{word!r}: a beginning needs at least {_MIN_PREFIX} letters")
        # Most words are one token; to ask the tokenizer for each of thousands would slow the start.
        parts += [stem] if stem.isalpha() else [token.text for token in tokenize(stem)]
        if piece.endswith("*"):
            parts[-1] += "*"
    if not parts:
        raise ValueError("an alternative is empty")
    return tuple(parts)


_Files = Mapping[str, Sequence[_Entry]]


def _filed(groups: Mapping[tuple[tuple[str, ...], ...], int]) -> tuple[_Files, _Files]:
    """Entries by whole word and by beginning, each under the word of its phrase that fewest phrases share."""
    groups_of: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for phrases, number in groups.items():
        for phrase in phrases:
            groups_of[phrase].append(number)
    shared = Counter(word for phrase in groups_of for word in set(phrase))
    exact: defaultdict[str, list[_Entry]] = defaultdict(list)
    prefix: defaultdict[str, list[_Entry]] = defaultdict(list)
    for phrase, numbers in groups_of.items():
        anchor = min(range(len(phrase)), key=lambda place: (shared[phrase[place]], -len(phrase[place])))
        word, entry = phrase[anchor], _Entry(phrase, anchor, tuple(numbers))
        if word.endswith("*"):
            prefix[word[:-1]].append(entry)
        else:
            exact[word].append(entry)
    return dict(exact), dict(prefix)


def _places(rule: Rule, hits: Mapping[int, _Hits], clauses: Sequence[Clause]) -> Iterator[Mention]:
    """The tightest stretch of each clause that holds all the rule's groups."""
    silenced = hits[rule.never].begun if rule.never is not None and rule.never in hits else ()
    groups = [hits[group].inside for group in rule.all]
    for number in min(groups, key=len):
        if number in silenced or not all(number in group for group in groups):
            continue
        parts = _tightest([group[number] for group in groups], rule.near)
        if parts:
            yield Mention(rule, tuple(sorted(parts)), clauses[number])


def _tightest(groups: Sequence[_Places], limit: int) -> list[tuple[int, int]]:
    """One place of each group, at most `limit` tokens together: from an anchor the nearest of each other group.

    Of all anchors, the first with the shortest stretch; empty when none is short enough.
    """
    best: list[tuple[int, int]] = []
    for anchor in groups[0].spans:
        parts = _gather(anchor, groups[1:], limit)
        if parts:
            best, limit = parts, _length(parts) - 1
    return best


def _gather(anchor: tuple[int, int], groups: Sequence[_Places], limit: int) -> list[tuple[int, int]]:
    """From an anchor, the nearest place of each other group, or nothing where they take more than `limit` tokens."""
    parts, (start, end) = [anchor], anchor
    for places in groups:
        near = places.between(end - limit, start + limit)
        if not near:
            return []
        part = min(near, key=lambda span: max(end, span[1]) - min(start, span[0]))
        start, end = min(start, part[0]), max(end, part[1])
        parts.append(part)
    return parts if end - start <= limit else []


def _length(places: Sequence[tuple[int, int]]) -> int:
    return max(last for _, last in places) - min(first for first, _ in places)
