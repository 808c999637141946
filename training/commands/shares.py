"""How a share, and a pair of shares, are shown."""

from typing import Any

from training.comparison import Paired


def share_cell(share: dict[str, Any], interval: bool) -> str:
    """Per cent, with the 95 % interval and the count where asked for; a dash when there is nothing to count."""
    if share["value"] is None:
        return "–"
    value = f"{100 * share['value']:.1f}"
    return f"{value} ({100 * share['low']:.1f}–{100 * share['high']:.1f}) of {share['of']}" if interval else value


def paired_cells(pair: Paired) -> tuple[str, str, str, str]:
    """Champion's and candidate's share, per cent; their difference with its interval; p of McNemar's test."""
    low, high = pair.interval
    change = f"{100 * pair.difference:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"
    one, other = (f"{100 * hits / pair.of:.1f}" for hits in (pair.champion, pair.candidate))
    return one, other, change, f"{pair.p:.3f}" if pair.p >= 0.001 else "<0.001"


def paired_dict(pair: Paired) -> dict[str, Any]:
    """As JSON; gained and lost hold the ids."""
    return {
        "champion": pair.champion,
        "candidate": pair.candidate,
        "of": pair.of,
        "difference": pair.difference if pair.of else None,
        "interval": pair.interval,
        "p": pair.p,
        "gained": pair.gained,
        "lost": pair.lost,
    }
