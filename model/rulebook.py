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
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from model.errors import InvalidFile
from model.taxonomy import alarm_codes
from model.text import Clause, Token, fold, tokenize

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

    def mentions(self, tokens: Sequence[Token], clauses: Sequence[Clause]) -> list[Mention]:
        """Every place where a rule's groups stand together, in the order of the text."""
        hits = self._hits(tokens)
        found: list[Mention] = []
        for group in hits.keys() & self._by_group.keys():
            for rule in self._by_group[group]:
                if all(number in hits for number in (*rule.all, *rule.anywhere)):
                    found += _places(rule, hits, clauses)
        return sorted(found, key=lambda mention: (mention.first, mention.last, mention.rule.id))

    def _hits(self, tokens: Sequence[Token]) -> dict[int, list[tuple[int, int]]]:
        """Places (first token, last token exclusive) of each group that occurs."""
        words = [token.text for token in tokens]
        hits: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        for index, word in enumerate(words):
            candidates = list(self._exact.get(word, ()))
            for length in self._prefix_lengths:
                if length > len(word):
                    break
                candidates += self._prefix.get(word[:length], ())
            for entry in candidates:
                first = index - entry.anchor
                if len(entry.phrase) == 1 or entry.stands_at(words, first):
                    for group in entry.groups:
                        hits[group].append((first, first + len(entry.phrase)))
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


def _places(rule: Rule, hits: Mapping[int, list[tuple[int, int]]], clauses: Sequence[Clause]) -> Iterator[Mention]:
    """The tightest stretch of each clause that holds all the rule's groups."""
    for clause in clauses:
        inside = [
            [place for place in hits[group] if clause.first <= place[0] and place[1] <= clause.last]
            for group in rule.all
        ]
        if not all(inside):
            continue
        if rule.never is not None and any(clause.first <= start < clause.last for start, _ in hits.get(rule.never, [])):
            continue
        best = min((_gather(anchor, inside) for anchor in inside[0]), key=_length)
        if _length(best) <= rule.near:
            yield Mention(rule, tuple(sorted(best)), clause)


def _gather(anchor: tuple[int, int], groups: Sequence[Sequence[tuple[int, int]]]) -> list[tuple[int, int]]:
    """From an anchor, the nearest place of each other group."""
    chosen = [anchor]
    for places in groups[1:]:
        chosen.append(min(places, key=lambda place: _length([*chosen, place])))
    return chosen


def _length(places: Sequence[tuple[int, int]]) -> int:
    return max(last for _, last in places) - min(first for first, _ in places)
