"""Misspelling texts as hurried people do, so that an encoder learns to read them."""

import random
import unicodedata

_ROWS = ("qwertyuiop", "asdfghjklñ", "zxcvbnm")
_NEIGHBOURS = {
    letter: row[max(0, place - 1) : place] + row[place + 1 : place + 2]
    for row in _ROWS
    for place, letter in enumerate(row)
}


def without_accents(text: str) -> str:
    """The same without accents, diaereses and tildes."""
    return "".join(each for each in unicodedata.normalize("NFD", text) if not unicodedata.combining(each))


def with_typos(text: str, share: float, chance: random.Random) -> str:
    """The same with about a share of its letters left out, doubled, swapped with the next, or hit beside.

    share : from 0 to 1
    """
    letters = list(text)
    place = 0
    while place < len(letters):
        if letters[place].isalpha() and chance.random() < share:
            kind = chance.randrange(4)
            if kind == 0:
                letters[place] = ""
            elif kind == 1:
                letters[place] *= 2
            elif kind == 2 and place + 1 < len(letters) and letters[place + 1].isalpha():
                letters[place : place + 2] = [letters[place + 1], letters[place]]
                place += 1
            else:
                letters[place] = chance.choice(_NEIGHBOURS.get(letters[place].lower(), letters[place]))
        place += 1
    return "".join(letters)


def noisy(text: str, chance: random.Random) -> str:
    """One text as it is, or lower-cased, or without accents, or mistyped, or several of these."""
    if chance.random() < 0.2:
        text = text.lower()
    if chance.random() < 0.2:
        text = without_accents(text)
    if chance.random() < 0.25:
        text = with_typos(text, chance.choice((0.02, 0.05)), chance)
    return text
