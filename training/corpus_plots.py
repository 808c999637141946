"""Plots of a corpus for its page; those of its datasheet are in `plots.py`."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from model.types import Service
from training.audit_plots import BLUE, GREY, ORANGE, RED, Plot, stacked
from training.corpus import Corpus
from training.data import CONTRASTS, LabelledEnquiry
from training.overlap import DUPLICATE, NEAR, Neighbours
from training.plots import Draw, draw_flags, draw_lengths

_LANGUAGES = {"en": "English", "es": "Spanish"}
_STYLES = ((BLUE, ""), (ORANGE, "//"))
"""Of English and Spanish, in the colours of the datasheet's plots."""

_LONGEST_NAME = 12


def plots_of(corpus: Corpus) -> Iterator[tuple[str, Plot]]:
    """Heading and plot of each view that the corpus has something for; training and frozen enquiries together."""
    enquiries = [*corpus.labelled, *corpus.test]
    if enquiries:
        yield "Which service?", _services(enquiries)
        yield "Which flags?", _drawn(draw_flags, enquiries, 5.5)
        yield "How long?", _drawn(draw_lengths, enquiries, 3.2)
        yield "Who wrote them?", _authors(enquiries)
    if any(row.contrast for row in enquiries):
        yield "Which texts only sound grave?", _contrast(enquiries)
    if corpus.foreign:
        yield "Which other languages?", _foreign(corpus.foreign)


def twins_plot(like: Neighbours) -> Plot:
    """How alike each text's likest other text is, on a logarithmic axis: the few that matter would be invisible."""
    near = float((like.similarity > NEAR).mean())
    plot = Plot(f"{near:.2%} of the texts have a near twin; half are less than {np.median(like.similarity):.2f} alike")
    axes = plot.axes_
    axes.hist(like.similarity, bins=np.linspace(0, 1, 51).tolist(), color=BLUE)
    axes.set_yscale("log")
    for place, name in ((NEAR, "alike"), (DUPLICATE, "the same")):
        axes.axvline(place, color=RED, linestyle="--", linewidth=1.3)
        axes.annotate(f" {name}", (place, 0.97), xycoords=("data", "axes fraction"), color=RED, va="top", fontsize=8.5)
    axes.set(xlim=(0, 1), xlabel="likeness of the likest other text (shared character 4-grams)", ylabel="texts")
    return plot


def _services(enquiries: Sequence[LabelledEnquiry]) -> Plot:
    counts = Counter(row.service for row in enquiries)
    service, most = counts.most_common(1)[0]
    names = [str(service) for service in Service]
    return stacked(
        f"{most / len(enquiries):.0%} of the enquiries are for {service}",
        names,
        _by_language(enquiries, [[str(row.service)] for row in enquiries], names),
        "enquiries",
        _STYLES,
    )


def _contrast(enquiries: Sequence[LabelledEnquiry]) -> Plot:
    names = [name for name in CONTRASTS if any(row.contrast == name for row in enquiries)]
    total = sum(bool(row.contrast) for row in enquiries)
    return stacked(
        f"{total:,} of {len(enquiries):,} name a red flag and state none",
        [name.replace("_", " ") for name in names],
        _by_language(enquiries, [[row.contrast] for row in enquiries], names),
        "enquiries",
        _STYLES,
    )


def _foreign(enquiries: Sequence[LabelledEnquiry]) -> Plot:
    counts = Counter(row.language for row in enquiries)
    names = [name for name, _ in counts.most_common()]
    title = f"{len(enquiries):,} enquiries in {len(names)} other languages"
    return stacked(title, names, {"frozen test": [counts[name] for name in names]}, "enquiries")


def _by_language(
    enquiries: Sequence[LabelledEnquiry], values: Sequence[Sequence[str]], names: Sequence[str]
) -> dict[str, list[int]]:
    parts: dict[str, list[int]] = {}
    for code, language in _LANGUAGES.items():
        counts = Counter(v for row, of in zip(enquiries, values, strict=True) if row.language == code for v in of)
        parts[language] = [counts[name] for name in names]
    return parts


def _authors(enquiries: Sequence[LabelledEnquiry]) -> Plot:
    sizes = Counter(row.source for row in enquiries)
    names = [name for name, _ in sizes.most_common()]
    most = f"{sizes[names[0]] / len(enquiries):.1%}"
    plot = Plot(f"{len(names)} authors; the most prolific wrote {most}", width=9.2, height=3.6)
    axes, bottom = plot.axes_, np.zeros(len(names))
    for service, colour in zip(Service, (BLUE, ORANGE, GREY), strict=True):
        counts = Counter(row.source for row in enquiries if row.service == service)
        heights = np.array([counts[name] for name in names])
        axes.bar(np.arange(len(names)), heights, bottom=bottom, width=0.8, color=colour, label=str(service))
        bottom += heights
    shown = np.arange(0, len(names), max(1, len(names) // 80 + 1))
    axes.set_xticks(shown, [names[place][:_LONGEST_NAME] for place in shown], rotation=90, fontsize=7)
    axes.set(ylabel="enquiries", xlim=(-0.8, len(names) - 0.2))
    axes.legend(frameon=False, fontsize=8.5)
    return plot


def _drawn(draw: Draw, enquiries: Sequence[LabelledEnquiry], height: float) -> Plot:
    """A plot of the datasheet, in the page's manner."""
    plot = Plot("", height=height)
    draw(plot.axes_, enquiries)
    plot.title = plot.axes_.get_title(loc="left")
    plot.axes_.set_title(plot.title, loc="left", fontsize=11, fontweight="bold", wrap=True)
    return plot
