"""Plots of the corpus, for its datasheet."""

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from model.taxonomy import annotated_codes
from training.data import LabelledEnquiry

# Okabe and Ito's colours, told apart by the colour-blind.
_COLOURS = {"en": "#0072b2", "es": "#e69f00"}
_NAMES = {"en": "English", "es": "Spanish"}
_LONGEST = 120

Draw = Callable[[Axes, Sequence[LabelledEnquiry]], None]
"""Draws one view of some enquiries, with its title."""


def draw_corpus(enquiries: Sequence[LabelledEnquiry], folder: Path) -> list[Path]:
    """Draw how many enquiries carry each flag, and how long they are; returns the files, SVG."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / "flags.svg", folder / "lengths.svg"]
    # Equal files from equal data: no dates, and ids that do not change.
    with mpl.rc_context({"svg.hashsalt": "enquiry-triage", "svg.fonttype": "path", "font.size": 9}):
        for file, draw, size in zip(files, (draw_flags, draw_lengths), ((7.5, 5.5), (7.5, 3.2)), strict=True):
            figure, axes = plt.subplots(figsize=size)
            draw(axes, enquiries)
            axes.spines[["top", "right"]].set_visible(False)
            figure.tight_layout()
            figure.savefig(file, metadata={"Date": None})
            plt.close(figure)
    return files


def draw_flags(axes: Axes, enquiries: Sequence[LabelledEnquiry]) -> None:
    """How many enquiries carry each flag, by language."""
    codes = annotated_codes()[::-1]
    places = np.arange(len(codes))
    for offset, language in ((0.2, "en"), (-0.2, "es")):
        counts = [sum(code in row.flags for row in enquiries if row.language == language) for code in codes]
        bars = axes.barh(places + offset, counts, height=0.4, color=_COLOURS[language], label=_NAMES[language])
        axes.bar_label(bars, padding=2, fontsize=7)
    axes.set_yticks(places, [code.replace("_", " ") for code in codes])
    axes.set_xlabel("enquiries")
    flagged = sum(bool(row.flags) for row in enquiries)
    axes.set_title(f"{flagged:,} of {len(enquiries):,} enquiries carry a flag", loc="left")
    axes.legend(frameon=False, loc="lower right")


def draw_lengths(axes: Axes, enquiries: Sequence[LabelledEnquiry]) -> None:
    """How many enquiries have how many words, by language."""
    for language, colour in _COLOURS.items():
        lengths = [min(len(row.text.split()), _LONGEST) for row in enquiries if row.language == language]
        label = f"{_NAMES[language]} ({len(lengths):,})"
        axes.hist(lengths, bins=range(0, _LONGEST + 5, 5), histtype="step", linewidth=2, color=colour, label=label)
    median = np.median([len(row.text.split()) for row in enquiries])
    axes.set_xlabel(f"words ({_LONGEST} and more in the last bar)")
    axes.set_ylabel("enquiries")
    axes.set_title(f"Half of the enquiries have fewer than {median:g} words", loc="left")
    axes.legend(frameon=False)
