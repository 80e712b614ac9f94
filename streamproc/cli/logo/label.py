"""``streamproc logo label``."""

import getpass
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamproc.cli.timecodes import parse_range
from streamproc.config import load
from streamproc.errors import ConfigError
from streamproc.logic.labels import Label, Span, at_wall_time
from streamproc.messages import Kind
from streamproc.timebase import SystemClock, to_ns, utc_from_ns

if TYPE_CHECKING:
    from streamproc.catalogue import Catalogue

Ranges = Sequence[tuple[Kind, str]]


def command(
    channel: Annotated[str, typer.Argument(help="The channel's short name.")],
    config: Annotated[
        Path, typer.Option("--config", "-c", envvar="STREAMPROC_CONFIG", help="The configuration file (TOML).")
    ] = Path("streamproc.toml"),
    programme: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RANGE",
            help="With the bug: 2026-11-22T03:10:00Z/2026-11-22T03:25:00Z, or 0:12:30-0:15:00 with --epoch.",
        ),
    ] = None,
    advert: Annotated[
        list[str] | None,
        typer.Option(metavar="RANGE", help="Without the bug, written the same way. Both may be repeated."),
    ] = None,
    epoch: Annotated[int | None, typer.Option(help="The ranges are times in this epoch of the recording.")] = None,
    author: Annotated[str | None, typer.Option(help="Who says so; the user's name when left out.")] = None,
) -> None:
    """Say where a channel's programme and adverts are; later words override. ``logo retrain`` learns from it."""
    settings = load(config)
    settings.channel(channel)
    ranges = [*((Kind.PROGRAMME, text) for text in programme or ()), *((Kind.ADVERT, text) for text in advert or ())]
    if not ranges:
        raise ConfigError("give at least one --programme or --advert range")
    from streamproc.catalogue import Catalogue

    catalogue = Catalogue.open(settings.database_url, clock=SystemClock())
    try:
        labels = _by_wall_time(catalogue, channel, ranges) if epoch is None else _in_epoch(epoch, ranges)
        for label in labels:
            catalogue.add_label(channel, label, author or getpass.getuser())
    finally:
        catalogue.close()
    for label in labels:
        typer.echo(f"epoch {label.epoch}, {float(label.start):.3f} to {float(label.end):.3f} s: {label.kind}")


def _in_epoch(epoch: int, ranges: Ranges) -> list[Label]:
    parsed = [(kind, parse_range(text)) for kind, text in ranges]
    return [Label(epoch=epoch, start=start, end=end, kind=kind) for kind, (start, end) in parsed]


def _by_wall_time(catalogue: "Catalogue", channel: str, ranges: Ranges) -> list[Label]:
    now_ns = SystemClock().utc_ns()
    spans = [
        Span(
            epoch=row.epoch,
            start_ns=row.utc_zero_ns,
            end_ns=now_ns if row.end is None else row.utc_zero_ns + to_ns(row.end),
        )
        for row in catalogue.epochs(channel)
        if row.utc_zero_ns is not None
    ]
    labels = []
    for kind, text in ranges:
        found = at_wall_time(spans, *parse_wall_range(text), kind)
        if not found:
            raise ConfigError(f"'{text}': nothing of channel '{channel}' is known of that time")
        labels += found
    return labels


def parse_wall_range(text: str) -> tuple[int, int]:
    """Return ``2026-11-22T03:10:00Z/2026-11-22T03:25:00Z`` as two wall times in nanoseconds. Raises ConfigError."""
    first, slash, last = text.partition("/")
    if not slash:
        raise ConfigError(
            f"'{text}' is not a range of wall time; write it as 2026-11-22T03:10:00Z/2026-11-22T03:25:00Z, "
            "or name an --epoch and write 0:12:30-0:15:00"
        )
    start, end = _utc_ns(first), _utc_ns(last)
    if start >= end:
        raise ConfigError(f"the range '{text}' ends before it starts")
    return start, end


def _utc_ns(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"'{text}' is not a time; write it as 2026-11-22T03:10:00Z") from error
    if moment.tzinfo is None:
        raise ConfigError(f"'{text}' does not say in which zone; add Z for UTC, or an offset as +03:00")
    return (moment - utc_from_ns(0)) // timedelta(microseconds=1) * 1000
