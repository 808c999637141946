"""`triage compare --live`: a challenger against the champion on logged traffic."""

import json
from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from model.types import Decision
from training.commands.shares import paired_cells, paired_dict
from training.comparison import Paired
from training.judged import with_facts
from training.live import FEWEST, LiveComparison, compare_live
from training.logbook import Logbook

_NAMED = 10


def live(versions: tuple[str, str] | None, as_json: bool) -> None:
    """Compare two models of the prediction log (TRIAGE_DATABASE_URL); see `live.compare_live`.

    Enquiries are named by id alone.

    Raises LogUnreadable and NothingInTheShadow.
    """
    with Console(stderr=True).status("reading the log …"):
        book = Logbook()
        try:
            found = compare_live(with_facts(book.predictions()), book.shadow(), book.verdicts(), versions)
        finally:
            book.close()
    if as_json:
        click.echo(json.dumps(_as_json(found), indent=2))
    else:
        _show(found)


def _show(found: LiveComparison) -> None:
    console = Console(highlight=False, soft_wrap=True)
    compared = sum(found.decisions.values())
    console.print(
        f"{found.candidate} in the shadow of {found.champion}, {found.first:%Y-%m-%d} to {found.last:%Y-%m-%d}: "
        f"{compared:,} of the champion's {found.answered:,} answers"
    )
    for (one, other), count in found.others.items():
        console.print(f"The log also holds {count:,} answers by {other} in the shadow of {one}")
    for name, share in found.agreement.items():
        low, high = share.interval
        console.print(f"{name}: {100 * share.value:.1f} % ({100 * low:.1f}–{100 * high:.1f})")
    console.print(_decisions(found))
    alike = [
        name for name, pair in found.figures.items() if name.startswith("flag: ") and pair.gained == pair.lost == ()
    ]
    shown = {name: pair for name, pair in found.figures.items() if name not in alike}
    console.print(_pairs("% of the same enquiries", shown))
    if alike:
        console.print(f"Raised by both alike: {', '.join(name.removeprefix('flag: ') for name in alike)}")
    lost = found.figures["emergency or urgent"].lost
    if lost:
        console.print(f"Alarms that the challenger would not have raised: {_ids(lost)}")
    _show_reviewed(console, found)


def _show_reviewed(console: Console, found: LiveComparison) -> None:
    right = found.reviewed["service right"]
    if not right.of:
        console.print("None of them is reviewed; the review queue has the sample 'the challenger differs'.")
        return
    console.print(_pairs(f"% of the {right.of:,} that are reviewed", found.reviewed))
    console.print(
        "Reviewed is what samples chose: the shares are not those of all traffic, the differences are paired."
    )
    only = f"champion {len(right.lost)}, challenger {len(right.gained)}, neither {len(found.neither)}"
    console.print(f"Where the services differ, right was: {only}")
    if len(right.gained) + len(right.lost) < FEWEST:
        console.print(f"Too few to say who is right: on {FEWEST} enquiries one of them alone must be.")


def _decisions(found: LiveComparison) -> Table:
    table = Table("champion ↓ challenger →", *(str(decision) for decision in Decision), box=None)
    for one in Decision:
        table.add_row(str(one), *(f"{found.decisions[one, other]:,}" for other in Decision))
    return table


def _pairs(title: str, figures: Mapping[str, Paired]) -> Table:
    table = Table(
        title, "champion", "challenger", "difference (95 %)", "p", "only champion", "only challenger", box=None
    )
    for name, pair in figures.items():
        if pair.of:
            table.add_row(name, *paired_cells(pair), str(len(pair.lost)), str(len(pair.gained)))
    return table


def _ids(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _NAMED} more (--json)" if len(names) > _NAMED else ""
    return f"{' '.join(names[:_NAMED])}{more}"


def _as_json(found: LiveComparison) -> dict[str, Any]:
    return {
        "champion": found.champion,
        "candidate": found.candidate,
        "first": found.first.isoformat(),
        "last": found.last.isoformat(),
        "answered": found.answered,
        "compared": sum(found.decisions.values()),
        "agreement": {name: share.to_dict() for name, share in found.agreement.items()},
        "decisions": [
            {"champion": one, "candidate": other, "enquiries": count} for (one, other), count in found.decisions.items()
        ],
        "figures": {name: paired_dict(pair) for name, pair in found.figures.items()},
        "reviewed": {name: paired_dict(pair) for name, pair in found.reviewed.items()},
        "neither": found.neither,
        "others": [
            {"champion": one, "candidate": other, "enquiries": count} for (one, other), count in found.others.items()
        ],
    }
