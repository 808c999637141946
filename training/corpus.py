"""The whole corpus at once: training texts, frozen sets and second labels, checked against each other."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from model.errors import InvalidData
from training.agreement import SecondLabels, read_second_file
from training.challenge import ChallengeItem, read_challenge_file
from training.data import LabelledEnquiry, csv_files, enquiries_of, read_file
from training.overlap import DUPLICATE, NEAR, commonest_run, neighbours

FROZEN = frozenset({"test", "challenge", "languages"})
"""Names of the folders whose texts nobody may train on."""

MOST_NEAR = 0.01
MOST_RUN = 0.002


@dataclass(slots=True)
class Corpus:
    """What a set of files holds.

    labelled : enquiries to train on
    test : frozen enquiries
    foreign : frozen enquiries in languages that are not supported
    challenge : the context challenge set
    second : a second annotator's labels
    """

    labelled: list[LabelledEnquiry] = field(default_factory=list)
    test: list[LabelledEnquiry] = field(default_factory=list)
    foreign: list[LabelledEnquiry] = field(default_factory=list)
    challenge: list[ChallengeItem] = field(default_factory=list)
    second: list[SecondLabels] = field(default_factory=list)

    @property
    def sets(self) -> dict[str, list[LabelledEnquiry] | list[ChallengeItem]]:
        """The sets of texts by name."""
        return {
            "labelled": self.labelled,
            "test": self.test,
            "languages": self.foreign,
            "challenge": self.challenge,
        }

    @property
    def by_id(self) -> dict[str, LabelledEnquiry]:
        """All labelled enquiries, frozen or not, by id."""
        return {enquiry.id: enquiry for enquiry in (*self.labelled, *self.test)}


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike the texts of a set are.

    near : share of texts whose likest other text is at least `overlap.NEAR` alike
    run : the run of six words that stands in most texts, and the share of texts that hold it
    """

    texts: int
    near: float
    run: str
    run_share: float


def read_corpus(paths: Iterable[Path]) -> Corpus:
    """Read and check CSV files, or folders of them; what a file holds is told by its columns.

    A file in a folder named `test`, `languages` or `challenge` is frozen.

    Raises InvalidData with the complaints of all files at once: form, ids that stand twice, texts that stand twice in
    a set, and training texts that are also, or nearly, in a frozen set.
    """
    corpus, complaints = Corpus(), []
    for file in csv_files(paths):
        complaints += _read_into(corpus, file)
    if complaints:
        raise InvalidData(complaints)
    complaints = [*_repeated(corpus), *_duplicates(corpus), *_leaks(corpus), *_unknown(corpus)]
    if complaints:
        raise InvalidData(complaints)
    return corpus


def likeness(texts: Sequence[str]) -> Likeness:
    """How alike the texts of a set are."""
    near = neighbours(texts).similarity > NEAR
    run, rows = commonest_run(texts)
    return Likeness(len(texts), float(near.mean()) if len(texts) else 0.0, run, rows / len(texts) if texts else 0.0)


def too_alike(found: Likeness) -> list[str]:
    """What is wrong with a set whose texts are too much alike. Runs are quoted: they stand in many texts."""
    lines: list[str] = []
    if found.near > MOST_NEAR:
        lines.append(f"{found.near:.2%} of the texts have a near twin; at most {MOST_NEAR:.0%} may")
    if found.texts and found.run_share > MOST_RUN and found.run_share * found.texts > 2:
        lines.append(f"the words {found.run!r} stand in {found.run_share:.2%} of the texts; at most {MOST_RUN:.1%} may")
    return lines


def _read_into(corpus: Corpus, file: Path) -> list[str]:
    try:
        header = set(pd.read_csv(file, dtype=str, nrows=0, encoding="utf-8-sig").columns)
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError):
        header = set()
    if "expected_flags" in header:
        items, complaints = read_challenge_file(file)
        corpus.challenge += items
    elif "text" not in header and "service" in header:
        labels, complaints = read_second_file(file)
        corpus.second += labels
    else:
        frame, complaints = read_file(file)
        if not complaints:
            kind = FROZEN.intersection(part.name for part in file.resolve().parents)
            rows = corpus.foreign if "languages" in kind else corpus.test if kind else corpus.labelled
            rows.extend(enquiries_of(frame))
    return complaints


def _repeated(corpus: Corpus) -> list[str]:
    counts = Counter(row.id for rows in corpus.sets.values() for row in rows)
    return [f"id {name!r} stands {count} times; give each row its own" for name, count in counts.items() if count > 1]


def _duplicates(corpus: Corpus) -> list[str]:
    lines: list[str] = []
    for rows in corpus.sets.values():
        found = neighbours([row.text for row in rows])
        for place, (similarity, other) in enumerate(zip(found.similarity, found.nearest, strict=True)):
            if similarity > DUPLICATE and place < other:
                lines.append(f"{rows[place].id} and {rows[other].id} are the same text; delete one")
    return lines


def _leaks(corpus: Corpus) -> list[str]:
    frozen: list[LabelledEnquiry | ChallengeItem] = [*corpus.test, *corpus.foreign, *corpus.challenge]
    found = neighbours([row.text for row in corpus.labelled], [row.text for row in frozen])
    return [
        f"{row.id} is too much like {frozen[other].id} of a frozen set; delete it from the training texts"
        for row, similarity, other in zip(corpus.labelled, found.similarity, found.nearest, strict=True)
        if similarity > NEAR
    ]


def _unknown(corpus: Corpus) -> list[str]:
    known = corpus.by_id
    if not known:
        return []
    return [
        f"second labels name {labels.id!r}, which no file has" for labels in corpus.second if labels.id not in known
    ]
