"""Whether a month's enquiries are still like those of the months before, and like those that the model learned from.

What is watched are shares: of languages, lengths, services, decisions, of how sure the model was, and of each flag.
Each is set against the months before on a control chart (`change.control_chart`), and, where the corpus has labels for
it, against the corpus in the same way.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model.taxonomy import alarm_codes, annotated_codes, taxonomy
from training.change import Period, commoner_words, control_chart, texts_with
from training.data import LabelledEnquiry
from training.figures import Share
from training.judged import NOT_KEPT, with_slices

FEWEST = 50
"""Answers below which a month, or the months before, are not judged: limits would lie 40 points apart and more."""

LEAST_TEXTS = 5
"""Texts in which a word must stand to be named: what fewer visitors wrote is theirs."""

STRIKING = 3.0
"""Standardised log-odds beyond which a word is hardly commoner by chance."""

_MOST_WORDS = 12
_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
_SCORES = ("confidence", "novelty")
"""Columns of the log whose distribution is told, where it has them."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Trait:
    """Something that holds for some answers.

    holds, known : shape (n_answers,); where it holds, and of which answers that is known at all
    """

    group: str
    holds: Mask
    known: Mask


@dataclass(frozen=True, slots=True)
class Against:
    """A share this month, set against that of a baseline.

    share, of : of the baseline, and how many answers or enquiries it is of
    low, high : limits in which chance keeps this month's share
    outside : whether it is beyond them
    new : … and the month before was not, or was beyond the other one
    """

    share: float
    of: int
    low: float
    high: float
    outside: bool
    new: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """One trait.

    months : shares of each month, this one last, with limits from the months before this one
    before, corpus : None where too few are there to judge, or the corpus has no label for it
    """

    group: str
    name: str
    now: Share
    months: tuple[Period, ...]
    before: Against | None
    corpus: Against | None

    @property
    def crossed(self) -> tuple[tuple[str, Against], ...]:
        """Limits that are crossed: by the name of the baseline.

        A difference from the corpus counts in the month in which it arises: the corpus is not drawn from traffic, so
        some would be there for good, and a warning that always comes is read by nobody.
        """
        found = []
        if self.before and self.before.outside:
            found.append(("the months before", self.before))
        if self.corpus and self.corpus.outside and self.corpus.new:
            found.append(("the corpus", self.corpus))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class NewWord:
    """A word of this month that is hardly commoner by chance, or that the corpus does not have.

    now, before, corpus : texts with it, of this month, of the months before, of the corpus
    """

    word: str
    now: int
    before: int
    corpus: int


@dataclass(frozen=True, slots=True)
class Drift:
    """What one month is like.

    answers : by month, the judged one last; the others are those before it with any
    corpus : enquiries of the corpus
    versions : by model, its answers of this month and of the months before
    quantiles : by score, of this month and of the months before, at 10, 25, 50, 75 and 90 %
    words : by language
    """

    month: str
    answers: Mapping[str, int]
    corpus: int
    versions: Mapping[str, tuple[int, int]]
    findings: tuple[Finding, ...]
    quantiles: Mapping[str, Mapping[str, tuple[float, ...]]]
    words: Mapping[str, tuple[NewWord, ...]]

    @property
    def judged(self) -> bool:
        """Whether this month has enough answers to say anything."""
        return self.answers[self.month] >= FEWEST

    @property
    def crossed(self) -> tuple[tuple[Finding, str, Against], ...]:
        """Every limit that is crossed, with its finding and the name of the baseline."""
        return tuple((finding, *one) for finding in self.findings for one in finding.crossed)


def drift(facts: pd.DataFrame, corpus: Sequence[LabelledEnquiry], month: str) -> Drift:
    """Judge a month.

    facts : answers of that month and of those before it, as `judged.with_facts` gives them; later ones are left out
    month : such as 2026-11, UTC
    """
    months = facts["created"].dt.strftime("%Y-%m").to_numpy(str)
    facts, months = facts[months <= month], months[months <= month]
    names = sorted({*months, month})
    now = months == month
    learned = as_facts(corpus)
    in_corpus, known = traits(learned, annotated_codes()), texts_with(learned["text"])
    findings = [
        _finding(name, trait, [months == one for one in names], in_corpus.get(name))
        for name, trait in traits(facts, tuple(taxonomy())).items()
    ]
    return Drift(
        month=month,
        answers={name: int((months == name).sum()) for name in names},
        corpus=len(corpus),
        versions={
            str(version): (int(rows[now].sum()), int(rows[~now].sum()))
            for version in sorted(set(facts["model_version"]))
            for rows in [(facts["model_version"] == version).to_numpy(bool)]
        },
        findings=tuple(findings),
        quantiles={
            score: {part: _quantiles(facts[score][rows]) for part, rows in (("now", now), ("before", ~now))}
            for score in _SCORES
            if score in facts
        },
        words={language: _words(facts, now, known, language) for language in ("en", "es")},
    )


def as_facts(corpus: Sequence[LabelledEnquiry]) -> pd.DataFrame:
    """Labelled enquiries in the columns of logged answers, as far as a label has them."""
    alarms = set(alarm_codes())
    rows = [(row.text, row.language, str(row.service), row.flags, bool(row.flags & alarms)) for row in corpus]
    return with_slices(pd.DataFrame(rows, columns=["text", "language", "answer", "codes", "alarm"]))


def traits(facts: pd.DataFrame, codes: Collection[str]) -> dict[str, Trait]:
    """What is watched, by name.

    codes : flags that are told of these rows
    """
    kept = (facts["length"] != NOT_KEPT).to_numpy(bool)
    every = np.ones(len(facts), bool)
    found: dict[str, Trait] = {}

    def add(group: str, column: str, names: Mapping[str, str], known: Mask = every) -> None:
        for value, name in names.items():
            found[name] = Trait(group, (facts[column] == value).to_numpy(bool), known)

    add("language", "spoken", {"en": "in English", "es": "in Spanish", "other": "in another language"})
    add("length", "length", {length: length for length in ("to 12 words", "13 to 40 words", "over 40 words")}, kept)
    add("length", "writing", {"in haste": "typed in haste"}, kept)
    services = {"physiotherapy": "for physiotherapy", "massage": "for massage", "other": "for neither service"}
    add("service", "answer", services)
    if "decision" in facts:  # the corpus has labels, not decisions
        add("decision", "decision", {"route": "routed", "confirm": "asked", "escalate": "handed to a person"})
        sure = facts["confidence"].to_numpy(float)
        edges = (0.0, 0.7, 0.9, 0.97, 1.01)
        names = ("under 70 % sure", "70 to 90 % sure", "90 to 97 % sure", "97 % sure and more")
        for name, low, high in zip(names, edges[:-1], edges[1:], strict=True):
            found[name] = Trait("confidence", (sure >= low) & (sure < high), every)
    found["emergency or urgent"] = Trait("flags", facts["alarm"].to_numpy(bool), every)
    for code in codes:
        holds = np.array([code in raised for raised in facts["codes"]], bool)
        found[code.replace("_", " ")] = Trait("flags", holds, every)
    return found


def _finding(name: str, trait: Trait, months: Sequence[Mask], learned: Trait | None) -> Finding:
    """Judge one trait; `months` are the rows of each month, the judged one last."""
    hits = [int((trait.holds & trait.known & rows).sum()) for rows in months]
    counts = [int((trait.known & rows).sum()) for rows in months]
    centre, chart = control_chart(hits, counts, len(months) - 1)
    now, of = chart[-1], sum(counts[:-1])
    before = None
    if min(counts[-1], of) >= FEWEST:
        before = Against(centre, of, now.low, now.high, now.outside, now.outside)
    corpus = None
    if learned and learned.known.sum() >= FEWEST and counts[-1] >= FEWEST:
        corpus = _against_corpus(hits, counts, learned)
    return Finding(trait.group, name, Share(hits[-1], counts[-1]), tuple(chart), before, corpus)


def _against_corpus(hits: Sequence[int], counts: Sequence[int], learned: Trait) -> Against:
    own, of = int((learned.holds & learned.known).sum()), int(learned.known.sum())
    _, (_, *chart) = control_chart([own, *hits], [of, *counts], 1)
    now, earlier = chart[-1], [period for period in chart[:-1] if period.count >= FEWEST]
    known = bool(earlier) and earlier[-1].outside and (earlier[-1].share > earlier[-1].high) == (now.share > now.high)
    return Against(own / of, of, now.low, now.high, now.outside, now.outside and not known)


def _quantiles(scores: "pd.Series[float]") -> tuple[float, ...]:
    known = scores.dropna()
    return tuple(map(float, np.quantile(known, _QUANTILES))) if len(known) else ()


def _words(facts: pd.DataFrame, now: Mask, corpus: Counter[str], language: str) -> tuple[NewWord, ...]:
    rows = ((facts["language"] == language) & facts["text"].notna()).to_numpy(bool)
    mine, earlier = facts["text"][rows & now], facts["text"][rows & ~now]
    here, before = texts_with(mine), texts_with(earlier)
    striking = commoner_words(mine, earlier, _MOST_WORDS, LEAST_TEXTS) if len(earlier) else []
    unknown = [word for word, count in here.most_common() if count >= LEAST_TEXTS and not corpus[word]]
    chosen = dict.fromkeys([*(word.word for word in striking if word.score > STRIKING), *unknown])
    return tuple(NewWord(word, here[word], before[word], corpus[word]) for word in list(chosen)[:_MOST_WORDS])
