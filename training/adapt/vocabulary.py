"""Pruning a multilingual tokenizer to the languages that visitors write, which cuts the encoder's file by half."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from tokenizers import Tokenizer
from wordfreq import top_n_list

LANGUAGES = ("en", "es", "ca", "fr", "de", "it", "pt", "nl")
_WORDS = 60_000  # a language, the commonest first; more add names and compounds that pieces spell anyway
_CAPITALISED = 20_000
_SPECIAL = 4  # <s>, <pad>, </s>, <unk> keep their places


def prune(tokenizer: Tokenizer, texts: Iterable[str]) -> tuple[Tokenizer, list[int]]:
    """A tokenizer of the pieces that common words and these texts are made of, and every single character.

    Returns it and, for each new piece, its place in the old vocabulary. Words of the lists are cut as before; a word
    that needs a piece left out is spelt with shorter ones, at the worst letter by letter.
    """
    described: dict[str, Any] = json.loads(tokenizer.to_str())
    pieces: list[tuple[str, float]] = described["model"]["vocab"]
    used = set(range(_SPECIAL))
    for words in (*(_common_words(language) for language in LANGUAGES), list(texts)):
        for encoding in tokenizer.encode_batch_fast(words, add_special_tokens=False):
            used.update(encoding.ids)
    used.update(place for place, (piece, _) in enumerate(pieces) if len(piece.lstrip("▁")) <= 1)
    kept = sorted(place for place in used if place < len(pieces))
    described["model"]["vocab"] = [pieces[place] for place in kept]
    described["added_tokens"] = [token for token in described["added_tokens"] if token["id"] < _SPECIAL]
    described["truncation"] = described["padding"] = None
    return Tokenizer.from_str(json.dumps(described)), kept


def _common_words(language: str) -> Sequence[str]:
    words = top_n_list(language, _WORDS)
    return [*words, *(word.capitalize() for word in words[:_CAPITALISED])]
