"""Hides what names or reaches a person: e-mail, links, phone, IBAN, card, DNI and NIE.

Each character found is replaced by one mask character, so that evidence spans stay true on the redacted text.
"""

import re
from collections.abc import Iterator

import phonenumbers
from stdnum import iban, luhn
from stdnum.es import dni, nie

MASK = "•"
_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"')]+", re.IGNORECASE)
_NATIONAL_ID = re.compile(r"\b(?:[XYZ][-. ]?)?\d[\d. -]{5,9}[-. ]?[A-Z]\b", re.IGNORECASE)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}\b", re.IGNORECASE)
_CARD = re.compile(r"\b\d(?:[ -]?\d){12,18}\b")
# Countries whose visitors write numbers without a prefix; international ones are found with any.
_REGIONS = ("ES", "GB", "IE")


def redact(text: str) -> str:
    """The text, as long as before, with each personal identifier masked."""
    characters = list(text)
    for start, end in _spans(text):
        characters[start:end] = MASK * (end - start)
    return "".join(characters)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (_EMAIL, _LINK):
        yield from (match.span() for match in pattern.finditer(text))
    for match in _NATIONAL_ID.finditer(text):
        number = re.sub(r"[-. ]", "", match.group())
        if dni.is_valid(number) or nie.is_valid(number):
            yield match.span()
    for match in _IBAN.finditer(text):
        yield from _longest_valid_iban(match)
    for match in _CARD.finditer(text):
        if luhn.is_valid(re.sub(r"[ -]", "", match.group())):
            yield match.span()
    for region in _REGIONS:
        yield from ((found.start, found.end) for found in phonenumbers.PhoneNumberMatcher(text, region))


def _longest_valid_iban(match: re.Match[str]) -> Iterator[tuple[int, int]]:
    """The words after an IBAN look like more of it: drop them from the end until the check digits fit."""
    words = re.split(r"([ -])", match.group())
    for kept in range(len(words), 0, -2):
        candidate = "".join(words[:kept])
        if iban.is_valid(candidate.replace("-", "")):
            yield match.start(), match.start() + len(candidate)
            return
