"""Text as the rules see it: folded without moving a character, tokens, and clauses."""

import re
import threading
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

from spacy.lang.xx import MultiLanguage
from spacy.tokenizer import Tokenizer
from spacy.util import compile_infix_regex

_STRAIGHT = str.maketrans({"’": "'", "‘": "'", "´": "'", "`": "'", "“": '"', "”": '"', "«": '"', "»": '"'})
_ENDS = frozenset(".!?…;()¿¡")
_BREAKS = frozenset(
    {"but", "though", "although", "however", "yet", "except", "pero", "aunque", "sino", "salvo", "excepto"}
)
# White space parts a text into pieces, which spaCy takes one by one. Its time grows with the square of a piece's length
# (5,000 commas: 1.6 s), so a longer piece is cut, behind a sign if there is one.
_LONGEST = 32
_PIECE = re.compile(rf"\S{{1,{_LONGEST}}}(?!\S)|\S{{0,{_LONGEST - 1}}}[^\w\s']|\S{{1,{_LONGEST}}}")
_REMEMBERED = 16_384
_one_at_a_time = threading.Lock()


class Token(NamedTuple):
    """A spaCy token of the folded text, with its place in the text as received."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch of text between full stops, line ends and adversative words: tokens `first` to `last`, exclusive."""

    first: int
    last: int


def fold(text: str) -> str:
    """Lower case, without accents, straight quotes; as long as `text`, character by character.

    `ñ` becomes `n`, as people without a Spanish keyboard write it.
    """
    plain = text.translate(_STRAIGHT)
    if plain.isascii():
        return plain.lower()
    return "".join(map(_fold_character, plain))


@cache
def _fold_character(character: str) -> str:
    lowered = unicodedata.normalize("NFD", character)[0].lower()
    return lowered if len(lowered) == 1 else character


@cache
def _language() -> MultiLanguage:
    # One language-neutral tokenizer: English and Spanish stand side by side in the same enquiry.
    language = MultiLanguage()
    # People leave out the space after a full stop or a comma ("numb.no fever", "fiebre(38,5").
    glued = [r"(?<=[^\W\d_])[.,;:!?()/\"…]+(?=\w)", r"(?<=\d)[;:!?()/\"…]+(?=\w)", r"(?<=\d)[.,]+(?=[^\W\d_])"]
    infixes = [*(MultiLanguage.Defaults.infixes or []), *glued]
    tokenizer: Tokenizer = language.tokenizer
    tokenizer.infix_finditer = compile_infix_regex(infixes).finditer
    # "numb.no" is no web address.
    tokenizer.url_match = None
    return language


@lru_cache(_REMEMBERED)
def _tokens_in(piece: str) -> tuple[tuple[str, int], ...]:
    # In a memory zone, or spaCy would keep every word it ever saw; a zone is for one thread.
    with _one_at_a_time, _language().memory_zone():
        return tuple((token.text, token.idx) for token in _language().tokenizer(piece))


def tokenize(folded: str) -> list[Token]:
    """Tokens of a folded text, white space left out."""
    return [
        Token(text, piece.start() + start, piece.start() + start + len(text))
        for piece in _PIECE.finditer(folded)
        for text, start in _tokens_in(piece.group())
    ]


def clause_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each clause of a text as received."""
    folded = fold(text)
    tokens = tokenize(folded)
    return [(tokens[clause.first].start, tokens[clause.last - 1].end) for clause in clauses(folded, tokens)]


def clauses(folded: str, tokens: list[Token]) -> list[Clause]:
    """Cut a text where one statement ends and another begins.

    Commas do not cut: a list of denials ("no fever, chills or weight loss") is one clause.
    """
    cuts = [0]
    for index, token in enumerate(tokens):
        between = folded[tokens[index - 1].end : token.start] if index else ""
        if token.text in _BREAKS or "\n" in between:
            cuts.append(index)
        if token.text[0] in _ENDS:
            cuts.append(index + 1)
    cuts.append(len(tokens))
    return [Clause(first, last) for first, last in pairwise(sorted(set(cuts))) if last > first]
