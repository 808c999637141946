"""The triage model: from enquiries to predictions. The service, the command line and the notebooks all call it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from model.classifier import Classifier
from model.decision import Thresholds, doubted, merge, policy_codes, raised_by_model
from model.explanation import Push, explain
from model.language import SUPPORTED, identify
from model.red_flags import Reading, RedFlags
from model.text import clause_spans
from model.types import TEXT_LIMIT, Enquiry, Evidence, Flag, Prediction, Service

_MIN_WORDS = 2


@dataclass(frozen=True, slots=True)
class _Scores:
    """One text's probabilities; empty, with the name of the error, when the classifier could not answer."""

    services: dict[Service, float] = field(default_factory=dict)
    flags: dict[str, float] = field(default_factory=dict)
    any_alarm: float = 0.0
    stated: float = 1.0
    failure: str = ""


class TriageModel:
    """Rules, classifier and thresholds together.

    version : names the model in every prediction
    """

    def __init__(self, version: str, classifier: Classifier, red_flags: RedFlags, thresholds: Thresholds) -> None:
        self.version = version
        self.classifier = classifier
        self.red_flags = red_flags
        self.thresholds = thresholds

    def predict(self, enquiries: Sequence[Enquiry | str]) -> list[Prediction]:
        """One prediction for each enquiry, in order.

        Never raises on a readable enquiry: if the classifier fails, what the rules found is given with the flag
        `degraded`, and a person decides.

        Raises InvalidEnquiry when a string among them cannot be read.
        """
        asked = [Enquiry(enquiry) if isinstance(enquiry, str) else enquiry for enquiry in enquiries]
        texts = [enquiry.text[:TEXT_LIMIT] for enquiry in asked]
        readings = [self.red_flags.read(text) for text in texts]
        scores = self._scores(texts, readings)
        return [self._judge(*one) for one in zip(asked, texts, readings, scores, strict=True)]

    def predict_one(self, enquiry: Enquiry | str) -> Prediction:
        """The prediction for a single enquiry."""
        return self.predict([enquiry])[0]

    def explain(self, enquiry: Enquiry | str) -> tuple[Push, ...]:
        """The words and clauses that pushed towards each service; see model.explanation.

        Raises InvalidEnquiry when a string cannot be read, and whatever a broken part of the model raises.
        """
        asked = Enquiry(enquiry) if isinstance(enquiry, str) else enquiry
        return explain(self.classifier, asked.text[:TEXT_LIMIT])

    def _scores(self, texts: Sequence[str], readings: Sequence[Reading]) -> list[_Scores]:
        if not texts:
            return []
        stated = [frozenset(flag.code for flag in reading.flags) for reading in readings]
        try:
            found = self.classifier.predict(texts, stated)
        except Exception as error:  # noqa: BLE001 - whatever broke, the visitor must still reach a person
            return [_Scores(failure=type(error).__name__) for _ in texts]
        columns = (found.services, found.flags, found.any_alarm, found.stated)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return [
            _Scores(
                dict(zip(self.classifier.services, services, strict=True)),
                dict(zip(self.classifier.codes, flags, strict=True)),
                any_alarm,
                stated_sign,
            )
            for services, flags, any_alarm, stated_sign in rows
        ]

    def _judge(self, enquiry: Enquiry, text: str, reading: Reading, scores: _Scores) -> Prediction:
        language = identify(text)
        by_rule = {flag.code for flag in reading.flags}
        by_model = raised_by_model(scores.flags, scores.any_alarm, by_rule, self.thresholds)
        doubtful = doubted(by_rule, by_model, scores.stated, self.thresholds)
        flags = [flag for flag in reading.flags if flag.code not in doubtful]
        flags += [Flag("doubtful_sign", "policy", flag.evidence) for flag in reading.flags if flag.code in doubtful]
        flags = [*flags, *(Flag(code, "model", self._evidence(code, text)) for code in by_model)]
        raised = [flag.code for flag in flags]
        flags += [Flag(code, "policy") for code in self._policies(enquiry, language, scores, raised)]
        return Prediction(
            id=enquiry.id,
            model_version=self.version,
            probabilities={service: scores.services[service] for service in Service if service in scores.services},
            flags=merge(flags),
            language=language,
            set_aside=reading.set_aside,
            failure=scores.failure,
        )

    def _policies(self, enquiry: Enquiry, language: str, scores: _Scores, raised: list[str]) -> list[str]:
        codes: list[str] = []
        if language not in SUPPORTED:
            codes.append("unsupported_language")
        if len(enquiry.text) > TEXT_LIMIT:
            codes.append("too_long")
        if len(enquiry.text.split()) < _MIN_WORDS:
            codes.append("too_short")
        if not scores.services:
            return [*codes, "degraded"]
        best = max(scores.services, key=scores.services.__getitem__)
        return codes + policy_codes(best, scores.services[best], raised, self.thresholds)

    def _evidence(self, code: str, text: str) -> tuple[Evidence, ...]:
        """The clause that carries a learned flag: the one whose n-grams speak most for it.

        Where a rule shows the words of a sign, the encoder, asked clause by clause, found them no more often.
        """
        spans = clause_spans(text)
        if not spans:
            return ()
        scores = self.classifier.ngram_scores(code, [text[start:end] for start, end in spans])
        start, end = spans[int(np.argmax(scores))]
        return (Evidence(start, end, text[start:end]),)
