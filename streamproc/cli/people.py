"""``streamproc users …`` and ``streamproc tokens …``: who may come in."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamproc.catalogue.people import UserRole
from streamproc.config import load
from streamproc.errors import ConfigError
from streamproc.timebase import NS, SystemClock, iso_utc

if TYPE_CHECKING:
    from streamproc.catalogue import Catalogue
    from streamproc.catalogue.signing import UserChange, UserRow

users = typer.Typer(help="Who may sign in, and as what.", no_args_is_help=True)
tokens = typer.Typer(help="Tokens of programs that use the API.", no_args_is_help=True)
SCOPES = ("read", "write", "engineer", "admin")
DAY_NS = 86_400 * NS
CLIENT = "command line"

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", envvar="STREAMPROC_CONFIG", help="The configuration file (TOML).")
]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The user's name.")]


@users.command("add")
def add_user(
    name: NameArgument,
    role: Annotated[UserRole, typer.Option(help="What they may do.")],
    config: ConfigOption = Path("streamproc.toml"),
    full_name: Annotated[str, typer.Option(help="What people call them.")] = "",
    no_password: Annotated[
        bool, typer.Option("--no-password", help="They come in by a proxy or OpenID, or with tokens only.")
    ] = False,
) -> None:
    """Add somebody; the password is asked for, or read from standard input."""
    with _catalogue(config) as catalogue:
        if role is not UserRole.ADMIN and not catalogue.people.exist():
            raise ConfigError("the first user must be an admin, to add the others: --role admin")
        password = None if no_password else _password(name)
        row = catalogue.people.add(name, role, full_name=full_name, password=password)
        _note(catalogue, "users add", f"{row.name} as {row.role}")
        typer.echo(_shown(row))


@users.command("list")
def list_users(config: ConfigOption = Path("streamproc.toml")) -> None:
    """Show everybody: number, name, role, whether they have a password, full name."""
    with _catalogue(config) as catalogue:
        for row in catalogue.people.all():
            typer.echo(_shown(row))


@users.command("role")
def give_role(
    name: NameArgument,
    role: Annotated[UserRole, typer.Argument(help="What they may do from now on.")],
    config: ConfigOption = Path("streamproc.toml"),
) -> None:
    """Give somebody another role."""
    from streamproc.catalogue.signing import UserChange

    _change(config, name, UserChange(role=role), f"users role {role}")


@users.command("password")
def give_password(name: NameArgument, config: ConfigOption = Path("streamproc.toml")) -> None:
    """Give somebody a new password, asked for or read from standard input; their browsers are signed out."""
    from streamproc.catalogue.signing import UserChange

    _change(config, name, UserChange(password=_password(name)), "users password")


@users.command("disable")
def disable(name: NameArgument, config: ConfigOption = Path("streamproc.toml")) -> None:
    """Keep somebody out, with all their tokens, at once."""
    from streamproc.catalogue.signing import UserChange

    _change(config, name, UserChange(disabled=True), "users disable")


@users.command("enable")
def enable(name: NameArgument, config: ConfigOption = Path("streamproc.toml")) -> None:
    """Let somebody in again."""
    from streamproc.catalogue.signing import UserChange

    _change(config, name, UserChange(disabled=False), "users enable")


@tokens.command("add")
def add_token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the token is for.")],
    user: Annotated[str, typer.Option(help="In whose name it speaks.")],
    scope: Annotated[list[str], typer.Option(help="read, write, engineer or admin; each also what is before it.")],
    config: ConfigOption = Path("streamproc.toml"),
    days: Annotated[int, typer.Option(min=0, help="For how many days; 0 for ever.")] = 365,
) -> None:
    """Make a token and print it; nobody can see it again."""
    wrong = [one for one in scope if one not in SCOPES]
    if wrong:
        raise ConfigError(f"--scope {wrong[0]}: there are {', '.join(SCOPES)}")
    expires_ns = SystemClock().utc_ns() + days * DAY_NS if days else None
    with _catalogue(config) as catalogue:
        row = _user(catalogue, user)
        made = catalogue.keys.add_token(row.id, name, sorted(set(scope), key=SCOPES.index), expires_ns)
        if made is None:
            raise ConfigError(f"user '{user}' was deleted a moment ago")
        _note(catalogue, "tokens add", f"{made[0].id} '{name}' of {row.name}: {' '.join(made[0].scopes)}")
        typer.echo(made[1])


@tokens.command("list")
def list_tokens(config: ConfigOption = Path("streamproc.toml")) -> None:
    """Show the tokens: number, user, scopes, until when, last used, what for."""
    with _catalogue(config) as catalogue:
        for row in catalogue.keys.tokens():
            until = "for ever" if row.expires_ns is None else f"until {iso_utc(row.expires_ns)}"
            until = until if row.revoked_ns is None else f"revoked {iso_utc(row.revoked_ns)}"
            used = "never used" if row.used_ns is None else f"used {iso_utc(row.used_ns)}"
            typer.echo("\t".join([str(row.id), row.user.name, ",".join(row.scopes), until, used, row.name]))


@tokens.command("revoke")
def revoke_token(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The token's number, as list shows it.")],
    config: ConfigOption = Path("streamproc.toml"),
) -> None:
    """Take a token back, at once."""
    with _catalogue(config) as catalogue:
        if catalogue.keys.token(number) is None:
            raise ConfigError(f"no token has the number {number}; streamproc tokens list shows those that there are")
        catalogue.keys.revoke(number)
        _note(catalogue, "tokens revoke", str(number))


@contextmanager
def _catalogue(config: Path) -> "Iterator[Catalogue]":
    from streamproc.catalogue import Catalogue

    settings = load(config)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    catalogue = Catalogue.open(settings.database_url, clock=SystemClock())
    try:
        yield catalogue
    finally:
        catalogue.close()


def _change(config: Path, name: str, change: "UserChange", action: str) -> None:
    with _catalogue(config) as catalogue:
        row = catalogue.people.change(_user(catalogue, name).id, change)
        if row is None:
            raise ConfigError(f"user '{name}' was deleted a moment ago")
        _note(catalogue, action, row.name)
        typer.echo(_shown(row))


def _user(catalogue: "Catalogue", name: str) -> "UserRow":
    row = catalogue.people.named(name)
    if row is None:
        raise ConfigError(f"no user is named '{name}'; streamproc users list shows those that there are")
    return row


def _password(name: str) -> str:
    """Ask twice on a terminal; else take the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass(f"Password of {name}: ")
    if getpass.getpass("Again: ") != password:
        raise ConfigError("the two passwords are not the same; nothing was changed")
    return password


def _note(catalogue: "Catalogue", action: str, subject: str) -> None:
    from streamproc.catalogue.audit import Deed

    deed = Deed(author=getpass.getuser(), client=CLIENT, action=action, subject=subject, outcome=200)
    catalogue.audit.add(deed)


def _shown(row: "UserRow") -> str:
    state = "disabled" if row.disabled_ns is not None else "password" if row.has_password else "no password"
    return f"{row.id}\t{row.name}\t{row.role}\t{state}\t{row.full_name}"
