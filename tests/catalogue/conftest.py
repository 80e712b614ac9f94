import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import psycopg
import pytest

from streamproc.catalogue import Catalogue
from streamproc.messages import Change, Kind, Method, Placement, Position
from streamproc.timebase import NS, ManualClock

ZERO_NS = 1_790_000_000 * NS


class Feed:
    """A channel called "one" in a catalogue, spoken to in few words."""

    def __init__(self, catalogue: Catalogue, clock: ManualClock) -> None:
        self.catalogue = catalogue
        self.clock = clock

    def begin(self, epoch: int = 1, *, clips: bool = True, utc_zero_ns: int | None = ZERO_NS) -> None:
        self.catalogue.put_channel("one", "Channel One", "model", "0" * 64, clips=clips)
        self.catalogue.begin_epoch(
            "one", epoch, utc_zero_ns=utc_zero_ns, frame_rate=Fraction(25), description="h264 1920x1080"
        )

    def name(self, kind: Kind, epoch: int = 1) -> int | None:
        return self.change(Kind.UNKNOWN, kind, 2, epoch=epoch, at=self.place(0, Method.EPOCH))

    def change(
        self, before: Kind, after: Kind, first_new: float | Fraction, *, epoch: int = 1, at: Placement | None = None
    ) -> int | None:
        new = Fraction(first_new)
        change = Change(
            epoch=epoch, before=before, after=after, last_old=new - 2, first_new=new, decided=new + Fraction(1, 2)
        )
        position = Position(epoch=epoch, time=change.decided, memory=f'{{"state": "{after}"}}')
        return self.catalogue.add_change("one", change, self.place(new) if at is None else at, position)

    def place(self, time: float | Fraction, method: Method = Method.SAMPLE, confidence: float = 0.9) -> Placement:
        exact = Fraction(time)
        return Placement(time=exact, frame=int(exact * 25), confidence=confidence, method=method)

    def end(self, end: float | Fraction, epoch: int = 1, reason: str = "lost") -> None:
        self.catalogue.end_epoch("one", epoch, Fraction(end), int(Fraction(end) * 25), reason)

    def shape(self) -> list[tuple[str, float, float | None, str]]:
        return [
            (row.kind.value, float(row.start.time), None if row.end is None else float(row.end.time), row.state.value)
            for row in self.catalogue.segments("one")
        ]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(ZERO_NS)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return the address of a new SQLite database."""
    return f"sqlite:///{tmp_path / 'catalogue.sqlite'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def any_url(request: pytest.FixtureRequest) -> str:
    """Return the address of a new database, of each kind that we promise to work with."""
    return str(request.getfixturevalue("url" if request.param == "sqlite" else "postgresql_url"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Start a server of our own, on a socket in a temporary folder; return its address, to be given a database."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs and os.environ.get("TEST_POSTGRESQL"):
        pytest.fail("needs PostgreSQL: apt-get install -y postgresql", pytrace=False)
    if not programs:
        pytest.skip("needs PostgreSQL: apt-get install -y postgresql")
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    with tempfile.TemporaryDirectory(prefix="streamproc-pg-") as name:
        folder = Path(name)
        if user is not None:
            shutil.chown(folder, user)
        base = programs[-1].parent
        initdb = [base / "initdb", "-D", folder / "data", "-A", "trust", "-U", "postgres", "-N", "--locale=C.UTF-8"]
        subprocess.run(initdb, user=user, cwd="/", check=True, stdout=subprocess.DEVNULL)
        options = ["-k", folder, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "log_min_messages=fatal"]
        server = subprocess.Popen([base / "postgres", "-D", folder / "data", *options], user=user, cwd="/")
        ready = [base / "pg_isready", "-q", "-h", folder, "-t", "1"]
        while subprocess.run(ready, check=False).returncode != 0 and server.poll() is None:
            time.sleep(0.1)
        yield f"postgresql://postgres@/{{database}}?host={folder}"
        server.send_signal(signal.SIGINT)
        server.wait()


@pytest.fixture
def postgresql_url(postgresql: str) -> str:
    """Return the address of a new database of the server."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgresql.format(database="postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return postgresql.format(database=name)


@pytest.fixture
def catalogue(url: str, clock: ManualClock) -> Iterator[Catalogue]:
    opened = Catalogue.open(url, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def feed(catalogue: Catalogue, clock: ManualClock) -> Feed:
    return Feed(catalogue, clock)


@pytest.fixture
def any_feed(any_url: str, clock: ManualClock) -> Iterator[Feed]:
    """Return a channel in a database of each kind."""
    opened = Catalogue.open(any_url, clock=clock)
    yield Feed(opened, clock)
    opened.close()
