"""``streamproc orders …``: the desk's list of wanted pieces."""

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamproc.config import Settings, load
from streamproc.errors import ConfigError
from streamproc.messages import Note
from streamproc.timebase import SystemClock

if TYPE_CHECKING:
    from streamproc.catalogue import Catalogue
    from streamproc.catalogue.orders import OrderRow
    from streamproc.logic.order_lines import Line

app = typer.Typer(help="The desk's list of wanted pieces.", no_args_is_help=True)
STANDARD_INPUT = "-"
WRONG_LINES = 2

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", envvar="STREAMPROC_CONFIG", help="The configuration file (TOML).")
]


@app.command()
def add(
    source: Annotated[str, typer.Argument(metavar="FILE", help="The list, text or CSV; - reads standard input.")],
    config: ConfigOption = Path("streamproc.toml"),
    day: Annotated[
        str | None, typer.Option(help="The day of lines that name none: 2026-11-26. Today when left out.")
    ] = None,
    author: Annotated[str | None, typer.Option(help="Who orders; the user's name when left out.")] = None,
) -> None:
    """Order the pieces of a list, one a line; a line said again is the same order. Ends with 2 when a line is wrong."""
    from streamproc.logic.order_lines import decode, desk_of, read_list
    from streamproc.logic.order_times import UnclearError

    settings, of_day, data = load(config), _day(day), _read(source)
    with _catalogue(settings) as catalogue:
        channels = {row.name: row.title for row in catalogue.channels()}
        try:
            lines = read_list(decode(data), desk_of(settings, channels, SystemClock().utc_ns(), of_day))
        except UnclearError as error:
            raise ConfigError(f"{source}: {_said(error.note)}") from error
        wanted = [(line.wanting, line.wanting.key) for line in lines if line.wanting is not None]
        for row, is_new in catalogue.orders.add(wanted, author or getpass.getuser()):
            typer.echo(f"{row.id}\t{'new' if is_new else row.state}\t{row.text}")
    _complain(source, lines)


@app.command("list")
def show(
    config: ConfigOption = Path("streamproc.toml"),
    everything: Annotated[bool, typer.Option("--all", help="Delivered and cancelled ones, too.")] = False,
) -> None:
    """Show the orders: number, how far, the line, what is so."""
    from streamproc.catalogue.finishing import OrderState

    states = () if everything else [s for s in OrderState if s not in (OrderState.DELIVERED, OrderState.CANCELLED)]
    with _catalogue(load(config)) as catalogue:
        for row in reversed(catalogue.orders.find(states=states)):
            typer.echo(_shown(row))


@app.command()
def cancel(
    numbers: Annotated[list[int], typer.Argument(metavar="NUMBER…", help="The orders' numbers, as list shows them.")],
    config: ConfigOption = Path("streamproc.toml"),
) -> None:
    """Take orders back; pieces that they have stay."""
    with _catalogue(load(config)) as catalogue:
        missing = [number for number in numbers if catalogue.orders.get(number) is None]
        if missing:
            raise ConfigError(
                f"no order has the number {missing[0]}; streamproc orders list shows those that there are"
            )
        for number in numbers:
            typer.echo(_shown(catalogue.orders.cancel(number)))


@contextmanager
def _catalogue(settings: Settings) -> "Iterator[Catalogue]":
    from streamproc.catalogue import Catalogue

    catalogue = Catalogue.open(settings.database_url, clock=SystemClock())
    try:
        yield catalogue
    finally:
        catalogue.close()


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"--day {text}: write the day as 2026-11-26") from error


def _read(source: str) -> bytes:
    if source == STANDARD_INPUT:
        return sys.stdin.buffer.read()
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{source}: can't be read ({error.strerror}); name a file, or - for standard input"
        ) from error


def _complain(source: str, lines: "list[Line]") -> None:
    """Say which lines can't be read; the others are ordered."""
    wrong = [line for line in lines if line.problem is not None]
    for line in wrong:
        assert line.problem is not None  # as they were chosen
        typer.echo(f"{source}:{line.number}: {_said(line.problem)}: {line.text}", err=True)
    if wrong:
        raise typer.Exit(WRONG_LINES)


def _shown(row: "OrderRow") -> str:
    return f"{row.id}\t{row.state}\t{row.channel or '-'}\t{row.text}\t{_said(row.note)}"


def _said(note: Note) -> str:
    """Return a sentence in the user's language, as the locale has it."""
    language = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return note.ru if language.startswith("ru") else note.en
