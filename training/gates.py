"""The gates before a champion: a table of limits, and one verdict for each."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from model.manifest import Manifest
from training.checked_toml import read_checked
from training.comparison import Comparison, Paired

Share = Annotated[float, Field(ge=0, le=1)]


class Limits(BaseModel):
    """The table of `gates.toml`, which says what each limit means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alarms_missed: Annotated[int, Field(ge=0)]
    service_falls: Share
    routed_wrong_rises: Share
    false_alarms_rise: Share
    contrast_alarms_rise: Share
    calibration_error_rises: Share
    language_gap: Share
    language_gap_rises: Share
    latency_ratio: Annotated[float, Field(gt=0)]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a gate is passed, and the figures that decide it, in one line."""

    gate: str
    passed: bool
    reason: str

    def __str__(self) -> str:
        return f"{'passed' if self.passed else 'FAILED'}  {self.gate}: {self.reason}"


def read_limits(file: Path | None = None) -> Limits:
    """Read a file of limits; without one, the packaged `gates.toml`.

    Raises InvalidFile, naming the limit and what it must be.
    """
    return read_checked(Limits, file, "gates.toml")


def judge(found: Comparison, manifest: Manifest, limits: Limits) -> list[Verdict]:
    """One verdict for each gate, the gravest kind of harm first.

    manifest : the candidate's
    """
    everything = found.figures["all"]
    return [
        *_alarms(everything, limits),
        _rise("routed to the wrong service", everything, limits.routed_wrong_rises),
        _fall("service right", everything, limits.service_falls),
        _rise("alarms on contrast", everything, limits.contrast_alarms_rise),
        _rise("alarms on everyday unflagged", everything, limits.false_alarms_rise),
        _calibration(found, limits),
        _parity("alarms caught", found, limits),
        _parity("service right", found, limits),
        _latency(found, limits),
        _complete(manifest),
    ]


def _alarms(figures: dict[str, Paired], limits: Limits) -> Iterator[Verdict]:
    for name in ("alarms caught", "challenge, stated signs raised"):
        pair = figures[name]
        missed = len(pair.lost)
        newly = f"; newly missed: {' '.join(pair.lost)}" if missed else "; none newly missed"
        passed = pair.candidate >= pair.champion and missed <= limits.alarms_missed
        yield Verdict(name, passed, f"{pair.champion} → {pair.candidate} of {pair.of}{newly}")


def _fall(name: str, figures: dict[str, Paired], limit: float) -> Verdict:
    pair = figures[name]
    # No text of that kind: nothing got worse.
    passed = not pair.of or pair.difference >= -limit
    return Verdict(name, passed, f"{_signed(pair)}; may fall by {100 * limit:g}")


def _rise(name: str, figures: dict[str, Paired], limit: float) -> Verdict:
    pair = figures[name]
    passed = not pair.of or pair.difference <= limit
    return Verdict(name, passed, f"{_signed(pair)}; may rise by {100 * limit:g}")


def _signed(pair: Paired) -> str:
    if not pair.of:
        return "no such text"
    low, high = pair.interval
    return f"{100 * pair.difference:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})"


def _calibration(found: Comparison, limits: Limits) -> Verdict:
    champion, candidate = found.calibration
    passed = candidate - champion <= limits.calibration_error_rises
    rise = f"may rise by {limits.calibration_error_rises:g}"
    return Verdict("calibration", passed, f"expected error {champion:.3f} → {candidate:.3f}; {rise}")


def _parity(name: str, found: Comparison, limits: Limits) -> Verdict:
    english, spanish = found.figures["en"][name], found.figures["es"][name]
    if not english.of or not spanish.of:
        return Verdict(f"both languages, {name}", passed=True, reason="one language only: nothing to compare")
    before = abs(english.champion / english.of - spanish.champion / spanish.of)
    after = abs(english.candidate / english.of - spanish.candidate / spanish.of)
    allowed = max(limits.language_gap, before + limits.language_gap_rises)
    reason = f"{100 * before:.1f} → {100 * after:.1f} points between English and Spanish; at most {100 * allowed:.1f}"
    return Verdict(f"both languages, {name}", after <= allowed, reason)


def _latency(found: Comparison, limits: Limits) -> Verdict:
    champion, candidate = found.latency
    ratio = candidate / champion
    reason = f"{1000 * champion:.1f} → {1000 * candidate:.1f} ms, {ratio:.2f} times; at most {limits.latency_ratio:g}"
    return Verdict("latency", ratio <= limits.latency_ratio, reason)


def _complete(manifest: Manifest) -> Verdict:
    parts = ("files", "services", "codes", "data", "settings", "libraries", "figures")
    empty = [name for name in parts if not getattr(manifest, name)]
    return Verdict("manifest", not empty, f"lacks {', '.join(empty)}" if empty else "complete")
