"""Plots for reviewers: titles that state the finding, intervals drawn, counts shown, colours for all eyes."""

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.audit import Estimate
from training.change import Period, Word
from training.reliability import Bin, Curve

# Okabe and Ito's colours, told apart by the colour-blind; shapes and words say the same.
BLUE, ORANGE, RED, GREY = "#0072b2", "#e69f00", "#d55e00", "#767676"


class Plot(Figure):
    """A figure that a notebook shows as a drawing, sharp on paper, with its title for those who cannot see it."""

    def __init__(self, title: str, width: float = 7.2, height: float = 3.4) -> None:
        super().__init__(figsize=(width, height), layout="constrained")
        self.title = title
        self.axes_ = self.subplots()
        self.axes_.set_title(title, loc="left", fontsize=11, fontweight="bold", wrap=True)
        self.axes_.spines[["top", "right"]].set_visible(False)

    def _repr_html_(self) -> str:
        buffer = io.StringIO()
        with mpl.rc_context({"svg.hashsalt": "enquiry-triage", "svg.fonttype": "path"}):
            self.savefig(buffer, format="svg", metadata={"Date": None})
        drawing = buffer.getvalue()
        return f'<div role="img" aria-label="{escape(self.title)}">{drawing[drawing.index("<svg") :]}</div>'


def shares(title: str, rows: Mapping[str, Estimate], promise: float | None = None, promise_name: str = "") -> Plot:
    """Estimated shares one below the other, with intervals; perhaps the limit that was promised."""
    plot = Plot(title, height=0.9 + 0.42 * len(rows) + 0.4)
    axes = plot.axes_
    shown = list(rows.items())[::-1]
    for place, (_, found) in enumerate(shown):
        if found.reviewed:
            axes.plot([100 * found.low, 100 * found.high], [place, place], color=BLUE, linewidth=3, alpha=0.55)
            axes.plot(100 * found.value, place, "o", color=BLUE)
        text = f"{found.hits} of {found.reviewed}" if found.reviewed else "none reviewed"
        axes.annotate(text, (1.01, place), xycoords=("axes fraction", "data"), va="center", color=GREY, fontsize=8.5)
    axes.set_yticks(range(len(shown)), [name for name, _ in shown])
    axes.set_ylim(-0.6, len(shown) - 0.4)
    if promise is not None:
        axes.axvline(100 * promise, color=RED, linestyle="--", linewidth=1.3)
        axes.annotate(
            f"{promise_name} {promise:.1%}",
            (100 * promise, 1.0),
            xycoords=("data", "axes fraction"),
            color=RED,
            xytext=(3, -2),
            textcoords="offset points",
            va="top",
            fontsize=8.5,
        )
    axes.set_xlabel("%, with 95 % interval; on the right what was counted")
    return plot


def reliability(title: str, bins: Sequence[Bin], threshold: float | None) -> Plot:
    """How often answers were right, against how sure the model was."""
    plot = Plot(title, width=5.6, height=4.6)
    axes = plot.axes_
    axes.plot([0, 100], [0, 100], color=GREY, linewidth=1, linestyle=":")
    axes.annotate("as right as sure", (42, 43), color=GREY, fontsize=8.5, rotation=38, ha="right")
    for one in bins:
        x = 100 * one.confidence
        axes.plot([x, x], [100 * one.low, 100 * one.high], color=BLUE, linewidth=3, alpha=0.55)
        axes.plot(x, 100 * one.right, "o", color=BLUE)
    low = min([one.confidence for one in bins] + [one.low for one in bins], default=0.0)
    if threshold is not None:
        axes.axvline(100 * threshold, color=RED, linestyle="--", linewidth=1.3)
        axes.annotate(
            f"routes from {threshold:.0%}",
            (100 * threshold, 0.02),
            xycoords=("data", "axes fraction"),
            color=RED,
            xytext=(-3, 0),
            textcoords="offset points",
            ha="right",
            fontsize=8.5,
        )
    floor = max(0, 100 * low - 8)
    axes.set(
        xlim=(floor, 102), ylim=(floor, 102), xlabel="how sure the model was, %", ylabel="how often it was right, %"
    )
    counts = sorted({one.count for one in bins})
    if counts:
        each = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        axes.annotate(
            f"each point: {each} reviewed answers", (0.02, 0.97), xycoords="axes fraction", va="top", color=GREY
        )
    return plot


def risk_coverage(title: str, curve: Curve, threshold: float | None, live: float) -> Plot:
    """What would be wrong if the surest so many per cent were routed."""
    plot = Plot(title, height=3.6)
    axes = plot.axes_
    axes.fill_between(100 * curve.coverage, 100 * curve.low, 100 * curve.high, color=BLUE, alpha=0.18, linewidth=0)
    axes.step(100 * curve.coverage, 100 * curve.risk, color=BLUE, where="post")
    if threshold is not None:
        axes.axvline(100 * live, color=RED, linestyle="--", linewidth=1.3)
        axes.annotate(
            f"at least {threshold:.0%} sure: {live:.0%} of answers",
            (100 * live, 0.97),
            xycoords=("data", "axes fraction"),
            color=RED,
            xytext=(-4, 0),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=8.5,
        )
    top = max(10.0, min(60.0, 130 * float(curve.risk.max())))
    axes.set(xlim=(0, 101), ylim=(0, top), xlabel="answers given, the surest first, %", ylabel="of those wrong, %")
    return plot


def weekly(
    title: str, weeks: Sequence[datetime], chart: Sequence[Period], centre: float, baseline: int, what: str
) -> Plot:
    """A share by week in its control limits; weeks outside them are marked."""
    plot = Plot(title, height=3.0)
    axes, places = plot.axes_, np.arange(len(weeks))
    low, high = (100 * np.array([getattr(week, end) for week in chart]) for end in ("low", "high"))
    axes.fill_between(places, low, high, color=GREY, alpha=0.18, linewidth=0, step="mid", label="what chance explains")
    axes.axhline(100 * centre, color=GREY, linewidth=1, label=f"weeks 1 to {baseline}: {centre:.0%}")
    axes.plot(places, [100 * week.share for week in chart], color=BLUE, linewidth=1.2)
    for place, week in enumerate(chart):
        if week.count:
            style = {"marker": "D", "color": RED, "markersize": 8} if week.outside else {"marker": "o", "color": BLUE}
            axes.plot(place, 100 * week.share, **style)
    names = [f"{moment:%d %b}\n{week.count}" for moment, week in zip(weeks, chart, strict=True)]
    axes.set_xticks(places, names, fontsize=8.5)
    axes.set(ylabel=f"{what}, %", xlabel="week from, and answers in it")
    axes.set_ylim(0, 1.35 * axes.get_ylim()[1])  # room for the legend
    axes.set_yticks([tick for tick in axes.get_yticks() if tick <= 100])
    axes.legend(frameon=False, fontsize=8.5, loc="upper left", ncols=2)
    return plot


STYLES = ((BLUE, ""), (RED, "xx"), (ORANGE, "//"), (GREY, ".."))
"""Colours and hatches of the parts of a bar."""


def stacked(
    title: str,
    rows: Sequence[str],
    parts: Mapping[str, Sequence[int]],
    xlabel: str,
    styles: Sequence[tuple[str, str]] = STYLES,
) -> Plot:
    """Counts as bars side by side in one line each, with the numbers in them."""
    plot = Plot(title, height=1.2 + 0.36 * len(rows))
    axes = plot.axes_
    left = np.zeros(len(rows))
    for (name, counts), (colour, hatch) in zip(parts.items(), styles, strict=False):
        bars = axes.barh(
            np.arange(len(rows))[::-1],
            counts,
            left=left,
            height=0.66,
            color=colour,
            hatch=hatch,
            edgecolor="white",
            label=f"{name} ({sum(counts)})",
        )
        axes.bar_label(
            bars,
            [str(count) if count else "" for count in counts],
            label_type="center",
            fontsize=8,
            bbox={"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
        )
        left += np.array(counts)
    axes.set_yticks(np.arange(len(rows))[::-1], rows)
    axes.set_xlabel(xlabel)
    axes.legend(frameon=False, fontsize=8.5, loc="lower right")
    return plot


def words(title: str, found: Sequence[Word]) -> Plot:
    """Words that became commoner, with how many texts hold them."""
    plot = Plot(title, height=0.9 + 0.26 * max(2, len(found)))
    _bars(plot.axes_, [word.word for word in found], [word.score for word in found])
    for place, word in enumerate(found[::-1]):
        plot.axes_.annotate(
            f" {word.now} texts, before {word.before}", (word.score, place), va="center", color=GREY, fontsize=8
        )
    plot.axes_.axvline(3, color=RED, linestyle="--", linewidth=1.3, label="beyond: hardly chance")
    plot.axes_.margins(x=0.25)
    plot.axes_.set_xlabel("how striking (standardised log-odds)")
    plot.axes_.legend(frameon=False, fontsize=8.5, loc="lower right")
    return plot


def _bars(axes: Axes, names: Sequence[str], values: Sequence[float]) -> None:
    axes.barh(np.arange(len(names)), values[::-1], height=0.62, color=BLUE)
    axes.set_yticks(np.arange(len(names)), names[::-1])
