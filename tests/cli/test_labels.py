"""``streamproc logo label`` and what ``logo retrain`` says before it begins."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streamproc.catalogue import Catalogue
from streamproc.cli.logo import app
from streamproc.cli.logo.label import parse_wall_range
from streamproc.errors import CatalogueError, ConfigError, StreamprocError
from streamproc.logic.labels import Label
from streamproc.messages import Kind
from streamproc.timebase import NS, SystemClock

P, A = Kind.PROGRAMME, Kind.ADVERT
ZERO_NS = 1_790_000_000 * NS  # 2026-09-21T14:13:20Z


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "streamproc.toml"
    path.write_text('data_dir = "data"\n[[channels]]\nname = "one"\nurl = "udp://127.0.0.1:9"\n')
    (tmp_path / "data").mkdir()
    return path


@pytest.fixture
def catalogue(config: Path) -> Iterator[Catalogue]:
    """Two epochs: of a minute, and one that runs since a minute and a half after the first began."""
    opened = Catalogue.open(f"sqlite:///{config.parent}/data/catalogue.sqlite", clock=SystemClock())
    opened.put_channel("one", "One", None, None)
    for number, zero_ns in ((1, ZERO_NS), (2, ZERO_NS + 90 * NS)):
        opened.begin_epoch("one", number, utc_zero_ns=zero_ns, frame_rate=None, description="")
        if number == 1:
            opened.end_epoch("one", 1, Fraction(60), None, "lost")
    yield opened
    opened.close()


def run(config: Path, *arguments: str) -> str:
    """Run a command; an error that it means to show is raised."""
    result = CliRunner().invoke(app, [*arguments, "--config", str(config)])
    if isinstance(result.exception, StreamprocError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def said(catalogue: Catalogue) -> list[Label]:
    return [row.label for row in catalogue.labels("one")]


def label(epoch: int, start: float, end: float, kind: Kind) -> Label:
    return Label(epoch=epoch, start=Fraction(start), end=Fraction(end), kind=kind)


def test_times_in_an_epoch_become_labels(config: Path, catalogue: Catalogue) -> None:
    output = run(
        config,
        "label",
        "one",
        "--epoch",
        "1",
        "--programme",
        "0:00:10-0:00:20.5",
        "--advert",
        "30-40",
        "--author",
        "eva",
    )
    assert said(catalogue) == [label(1, 10, 20.5, P), label(1, 30, 40, A)]
    assert {row.author for row in catalogue.labels("one")} == {"eva"}
    assert "epoch 1, 10.000 to 20.500 s: programme" in output


def test_wall_time_becomes_labels_in_the_epochs_that_it_touches(config: Path, catalogue: Catalogue) -> None:
    run(config, "label", "one", "--programme", "2026-09-21T14:14:00Z/2026-09-21T17:15:00+03:00")
    assert said(catalogue) == [label(1, 40, 60, P), label(2, 0, 10, P)]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((), ConfigError, "at least one"),
        (("--programme", "0:10-0:20"), ConfigError, "name an --epoch"),
        (("--programme", "2026-09-21T14:14:00Z/soon"), ConfigError, "'soon' is not a time"),
        (("--programme", "2026-09-21T14:14:00/2026-09-21T14:15:00"), ConfigError, "in which zone"),
        (("--programme", "2026-09-21T14:15:00Z/2026-09-21T14:14:00Z"), ConfigError, "ends before it starts"),
        (("--programme", "2026-09-20T14:14:00Z/2026-09-20T14:15:00Z"), ConfigError, "nothing of channel 'one'"),
        (("--epoch", "1", "--advert", "30-90"), CatalogueError, "the epoch ends at 60.000 s"),
        (("--epoch", "7", "--advert", "30-90"), CatalogueError, "knows no epoch 7"),
    ],
)
def test_a_range_that_can_not_be_is_refused(
    config: Path, catalogue: Catalogue, arguments: tuple[str, ...], error: type[StreamprocError], words: str
) -> None:
    with pytest.raises(error, match=words):
        run(config, "label", "one", *arguments)
    assert said(catalogue) == []


def test_an_unknown_channel_is_refused(config: Path) -> None:
    with pytest.raises(ConfigError, match="no channel is named 'two'; there are: one"):
        run(config, "label", "two", "--epoch", "1", "--advert", "1-2")


def test_a_channel_without_a_model_can_not_be_learnt_again(config: Path) -> None:
    with pytest.raises(ConfigError, match=r"has no model to be learnt again.*logo learn"):
        run(config, "retrain", "one")


@pytest.mark.parametrize(
    ("lines", "options", "words"),
    [
        ('region = "0.8,0.1,0.1,0.1"', (), "has no model yet; say where its first one shall lie with --out"),
        ('region = ["0.8,0.1,0.1,0.1", "0.1,0.1,0.1,0.1"]', ("--out", "first"), "has 2 regions.*one place only"),
    ],
)
def test_a_first_model_needs_a_place_to_lie_and_one_to_look_at(
    config: Path, lines: str, options: tuple[str, ...], words: str
) -> None:
    config.write_text(f'{config.read_text(encoding="utf-8")}\nlogo = "one.png"\n{lines}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=words):
        run(config, "retrain", "one", *options)


def test_fractions_of_a_second_of_wall_time_are_kept() -> None:
    assert parse_wall_range("2026-09-21T14:13:20.25Z/2026-09-21T14:13:21Z") == (ZERO_NS + NS // 4, ZERO_NS + NS)
