"""Text as the rules see it: folded without moving a character, tokens, and clauses."""

import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from spacy.lang.xx import MultiLanguage
from spacy.tokenizer import Tokenizer
from spacy.util import compile_infix_regex

_STRAIGHT = str.maketrans({"’": "'", "‘": "'", "´": "'", "`": "'", "“": '"', "”": '"', "«": '"', "»": '"'})
_ENDS = frozenset(".!?…;()¿¡")
_BREAKS = frozenset(
    {"but", "though", "although", "however", "yet", "except", "pero", "aunque", "sino", "salvo", "excepto"}
)


@dataclass(frozen=True, slots=True)
class Token:
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
def _tokenizer() -> Tokenizer:
    # One language-neutral tokenizer: English and Spanish stand side by side in the same enquiry.
    tokenizer: Tokenizer = MultiLanguage().tokenizer
    # People leave out the space after a full stop or a comma ("numb.no fever", "fiebre(38,5").
    glued = [r"(?<=[^\W\d_])[.,;:!?()/\"…]+(?=\w)", r"(?<=\d)[;:!?()/\"…]+(?=\w)", r"(?<=\d)[.,]+(?=[^\W\d_])"]
    infixes = [*(MultiLanguage.Defaults.infixes or []), *glued]
    tokenizer.infix_finditer = compile_infix_regex(infixes).finditer
    # "numb.no" is no web address.
    tokenizer.url_match = None
    return tokenizer


def tokenize(folded: str) -> list[Token]:
    """Tokens of a folded text, white space left out."""
    return [
        Token(token.text, token.idx, token.idx + len(token.text))
        for token in _tokenizer()(folded)
        if not token.is_space
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
