"""``streamproc users`` and ``streamproc tokens``."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from streamproc.catalogue import Catalogue, UserRole
from streamproc.cli.people import tokens, users
from streamproc.errors import CatalogueConflict, ConfigError
from streamproc.timebase import SystemClock

PASSWORD = "correct horse battery"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "streamproc.toml"
    path.write_text('data_dir = "data"\n')
    return path


@pytest.fixture
def catalogue(config: Path) -> Iterator[Catalogue]:
    (config.parent / "data").mkdir()
    opened = Catalogue.open(f"sqlite:///{config.parent}/data/catalogue.sqlite", clock=SystemClock())
    yield opened
    opened.close()


def run(app: typer.Typer, config: Path, *arguments: str, given: str = "") -> Result:
    """Run a command; an error that it means to show is raised."""
    result = CliRunner().invoke(app, [*arguments, "--config", str(config)], input=given)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_the_first_user_is_added_before_the_daemon_has_ever_run(config: Path) -> None:
    shown = run(users, config, "add", "Anna", "--role", "admin", "--full-name", "Анна", given=f"{PASSWORD}\n")
    assert shown.stdout == "1\tanna\tadmin\tpassword\tАнна\n"
    assert run(users, config, "list").stdout == shown.stdout


def test_the_first_user_is_an_admin(config: Path) -> None:
    with pytest.raises(ConfigError, match="the first user must be an admin"):
        run(users, config, "add", "anna", "--role", "editor", given=f"{PASSWORD}\n")


@pytest.mark.parametrize("given", ["short\n", "", "x" * 257 + "\n"])
def test_a_password_that_can_not_be_is_refused(config: Path, given: str) -> None:
    with pytest.raises(ConfigError, match="a password has 10 to 256 characters"):
        run(users, config, "add", "anna", "--role", "admin", given=given)
    assert run(users, config, "list").stdout == ""


def test_a_user_gets_another_role_and_password_and_is_kept_out(config: Path, catalogue: Catalogue) -> None:
    catalogue.people.add("boss", UserRole.ADMIN)
    catalogue.people.add("oleg", UserRole.VIEWER)
    run(users, config, "role", "oleg", "editor")
    run(users, config, "password", "oleg", given=f"{PASSWORD}\n")
    oleg = catalogue.people.verify("oleg", PASSWORD)
    assert oleg is not None
    assert oleg.role is UserRole.EDITOR
    assert run(users, config, "disable", "oleg").stdout.split("\t")[3] == "disabled"
    assert catalogue.people.verify("oleg", PASSWORD) is None
    run(users, config, "enable", "oleg")
    assert catalogue.people.verify("oleg", PASSWORD) is not None
    told = [(row.deed.client, row.deed.action, row.deed.subject) for row in catalogue.audit.find()]
    assert told[0] == ("command line", "users enable", "oleg")
    assert len(told) == 4


def test_the_last_admin_can_not_be_disabled(config: Path, catalogue: Catalogue) -> None:
    catalogue.people.add("boss", UserRole.ADMIN)
    with pytest.raises(CatalogueConflict, match="nobody would be left"):
        run(users, config, "disable", "boss")


def test_a_user_that_there_is_not_is_said_so(config: Path) -> None:
    with pytest.raises(ConfigError, match="no user is named 'oleg'"):
        run(users, config, "role", "oleg", "editor")


def test_a_token_is_printed_once_listed_without_its_secret_and_taken_back(config: Path, catalogue: Catalogue) -> None:
    catalogue.people.add("boss", UserRole.ADMIN)
    secret = run(tokens, config, "add", "play-out", "--user", "boss", "--scope", "write", "--days", "0").stdout.strip()
    row = catalogue.keys.of_token(secret)
    assert row is not None
    assert (row.name, row.scopes, row.expires_ns) == ("play-out", ("write",), None)
    listed = run(tokens, config, "list").stdout
    assert secret not in listed
    assert listed.split("\t")[:4] == ["1", "boss", "write", "for ever"]
    run(tokens, config, "revoke", "1")
    assert catalogue.keys.of_token(secret) is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "x", "--user", "boss", "--scope", "all"], "--scope all: there are read, write, engineer, admin"),
        (["add", "x", "--user", "else", "--scope", "read"], "no user is named 'else'"),
        (["revoke", "7"], "no token has the number 7"),
    ],
)
def test_a_token_that_can_not_be_is_refused(
    config: Path, catalogue: Catalogue, arguments: list[str], words: str
) -> None:
    catalogue.people.add("boss", UserRole.ADMIN)
    with pytest.raises(ConfigError, match=words):
        run(tokens, config, *arguments)
