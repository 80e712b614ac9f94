"""``streamproc orders``."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from streamproc.catalogue import Catalogue
from streamproc.catalogue.finishing import OrderState
from streamproc.cli.orders import app
from streamproc.errors import CatalogueConflict, ConfigError
from streamproc.timebase import SystemClock


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "streamproc.toml"
    path.write_text(
        'data_dir = "data"\n[orders]\ntimezone = "Europe/Moscow"\n'
        '[[channels]]\nname = "ntv"\ntitle = "НТВ"\nurl = "udp://127.0.0.1:9"\n'
    )
    (tmp_path / "data").mkdir()
    return path


@pytest.fixture
def catalogue(config: Path) -> Iterator[Catalogue]:
    opened = Catalogue.open(f"sqlite:///{config.parent}/data/catalogue.sqlite", clock=SystemClock())
    opened.put_channel("ntv", "НТВ", None, None)
    yield opened
    opened.close()


def run(config: Path, *arguments: str, given: bytes | None = None, language: str = "C.UTF-8") -> Result:
    """Run a command; an error that it means to show is raised."""
    environment = {"LC_ALL": language}
    result = CliRunner().invoke(app, [*arguments, "--config", str(config)], input=given, env=environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_a_list_in_a_file_is_ordered_and_shown(config: Path, catalogue: Catalogue, tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    listed.write_bytes("канал;название;дата;начало\nНТВ;Сегодня;26.11.2026;19:00".encode("cp1251"))
    added = run(config, "add", str(listed), "--author", "anna")
    (order,) = catalogue.orders.find()
    assert (added.exit_code, added.stdout) == (0, f"{order.id}\tnew\tНТВ;Сегодня;26.11.2026;19:00\n")
    assert (order.channel, order.title, order.author) == ("ntv", "Сегодня", "anna")
    assert order.start_ns == 1_795_708_800_000_000_000  # 2026-11-26T16:00:00Z
    shown = run(config, "list").stdout.split("\t")
    assert shown[:3] == [str(order.id), "waiting", "ntv"]


def test_a_list_on_standard_input_is_read_for_a_day(config: Path, catalogue: Catalogue) -> None:
    run(config, "add", "-", "--day", "2026-11-26", given="Сегодня в 19:00\n".encode())
    (order,) = catalogue.orders.find()
    assert order.start_ns == 1_795_708_800_000_000_000


def test_a_line_that_can_not_be_read_is_named_and_the_others_are_ordered(config: Path, catalogue: Catalogue) -> None:
    result = run(config, "add", "-", given="25:00 Вести\nСегодня 19:00".encode())
    assert (result.exit_code, result.stderr) == (2, "-:1: there is no time '25:00': 25:00 Вести\n")
    assert [order.title for order in catalogue.orders.find()] == ["Сегодня"]


def test_what_is_wrong_is_said_in_the_users_language(config: Path, catalogue: Catalogue) -> None:
    result = run(config, "add", "-", given="25:00 Вести".encode(), language="ru_RU.UTF-8")
    assert result.stderr == "-:1: времени «25:00» не бывает: 25:00 Вести\n"


def test_orders_are_taken_back_by_their_numbers(config: Path, catalogue: Catalogue) -> None:
    run(config, "add", "-", given="Сегодня\nВести".encode())
    numbers = [str(order.id) for order in catalogue.orders.find()]
    run(config, "cancel", *numbers)
    assert {order.state for order in catalogue.orders.find()} == {OrderState.CANCELLED}
    assert run(config, "list").stdout == ""
    assert len(run(config, "list", "--all").stdout.splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "/nowhere.txt"), r"/nowhere.txt: can't be read \(No such file"),
        (("add", "-"), "the list is empty"),
        (("add", "-", "--day", "tomorrow"), "write the day as 2026-11-26"),
        (("cancel", "999"), "no order has the number 999"),
    ],
)
def test_what_can_not_be_is_said_in_one_line(
    config: Path, catalogue: Catalogue, arguments: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        run(config, *arguments, given=b"")


def test_a_delivered_order_is_not_taken_back(config: Path, catalogue: Catalogue) -> None:
    run(config, "add", "-", given="Вести".encode())
    (order,) = catalogue.orders.find()
    catalogue.orders.settle(order.id, OrderState.DELIVERED, order.note)
    with pytest.raises(CatalogueConflict, match="is delivered"):
        run(config, "cancel", str(order.id))
