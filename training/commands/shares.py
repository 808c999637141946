"""How a share is shown in a table."""

from typing import Any


def share_cell(share: dict[str, Any], interval: bool) -> str:
    """Per cent, with the 95 % interval and the count where asked for; a dash when there is nothing to count."""
    if share["value"] is None:
        return "–"
    value = f"{100 * share['value']:.1f}"
    return f"{value} ({100 * share['low']:.1f}–{100 * share['high']:.1f}) of {share['of']}" if interval else value
