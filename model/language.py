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
    whole = LanguageIdentifier.from_model_file(MODEL_FILE)
    whole.set_languages(list(_CANDIDATES))
    # One made of these languages alone: the first would keep the table of all 142, which is seven times as large.
    return LanguageIdentifier(
        whole.nb_ptc,
        whole.nb_pc,
        whole.nb_classes,
        whole.tk_nextmove,
        whole.tk_output,
        norm_probs=True,
        tk_row=whole.tk_row,
    )


def prepare() -> None:
    """Read the table now, which takes a third of a second, and not with the first enquiry."""
    _identifier()


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
