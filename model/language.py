"""Which language an enquiry is written in."""

from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

SUPPORTED = ("en", "es")
_CANDIDATES = (
    "en",
    "es",
    "ca",
    "gl",
    "eu",
    "fr",
    "de",
    "it",
    "pt",
    "nl",
    "pl",
    "ro",
    "ru",
    "uk",
    "sv",
    "no",
    "da",
    "fi",
    "ar",
    "zh",
)
# Below this joint probability of English and Spanish a text counts as unsupported.
_FOREIGN = 0.03


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(_CANDIDATES))
    return identifier


def identify(text: str) -> str:
    """ISO 639-1 code: `en` or `es`, or another language when the text is surely in neither.

    Language identification by multinomial naive Bayes over byte n-grams (Lui and Baldwin, ACL 2012).
    """
    ranking = [(str(language), float(share)) for language, share in _identifier().rank(text)]
    shares = {language: share for language, share in ranking if language in SUPPORTED}
    if sum(shares.values()) < _FOREIGN:
        return ranking[0][0]
    # Nonsense falls to English, as the annotation guide says.
    return "es" if shares["es"] > shares["en"] else "en"
