import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from streamproc.catalogue import Catalogue
from streamproc.catalogue.models import Base
from streamproc.errors import CatalogueError
from streamproc.timebase import ManualClock, SystemClock


def test_migrating_makes_just_the_tables_of_the_models(any_url: str) -> None:
    Catalogue.open(any_url, clock=ManualClock()).close()
    engine = create_engine(any_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()


def test_a_catalogue_is_found_again_as_it_was_left(any_url: str) -> None:
    for _ in range(2):
        catalogue = Catalogue.open(any_url, clock=SystemClock())
        catalogue.put_channel("one", "One", None, None)
        catalogue.close()
    catalogue = Catalogue.open(any_url, clock=SystemClock())
    assert [channel.name for channel in catalogue.channels()] == ["one"]
    catalogue.close()


def test_several_processes_may_open_a_new_catalogue_at_once(any_url: str) -> None:
    script = f"""
from streamproc.catalogue import Catalogue
from streamproc.timebase import SystemClock
input()
catalogue = Catalogue.open({any_url!r}, clock=SystemClock())
catalogue.put_channel("one", "One", None, None)
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60)[1] for process in processes] == [""] * 4
    assert [process.returncode for process in processes] == [0] * 4


def test_a_newer_database_is_refused_and_left_alone(catalogue: Catalogue, url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CatalogueError, match=r"newer streamproc.*'9999'.*upgrade"):
        Catalogue.open(url, clock=ManualClock())
    engine.dispose()


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear editor, " * 100)
    with pytest.raises(CatalogueError, match="not a database") as caught:
        Catalogue.open(f"sqlite:///{path}", clock=ManualClock())
    assert "\n" not in str(caught.value)


def test_a_missing_folder_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"nowhere/c\.sqlite: can't be opened \(unable to open"):
        Catalogue.open(f"sqlite:///{tmp_path}/nowhere/c.sqlite", clock=ManualClock())


def test_a_catalogue_that_can_not_be_written_is_said_so(catalogue: Catalogue, url: str) -> None:
    path = url.removeprefix("sqlite:///")
    readonly = Catalogue.open(f"sqlite:///file:{path}?mode=ro&uri=true", clock=ManualClock())
    assert readonly.channels() == []
    with pytest.raises(CatalogueError, match="readonly database"):
        readonly.put_channel("one", "One", None, None)
    readonly.close()


def test_a_full_disk_is_said_so_and_breaks_nothing(catalogue: Catalogue) -> None:
    catalogue.put_channel("one", "One", None, None)
    with catalogue.ledger._database._engine.connect() as connection:  # SQLite's own way to a disk that is full
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(CatalogueError, match="disk is full"):
        catalogue.put_channel("two", "x" * 1_000_000, None, None)
    assert [channel.name for channel in catalogue.channels()] == ["one"]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("nonsense", "not an address"),
        ("oracle9://host/db", "begins with 'oracle9'"),
        ("postgresql://editor:secret@127.0.0.1:1/db", "can't be opened"),
    ],
)
def test_an_address_we_can_not_use_is_said_so_without_its_password(address: str, words: str) -> None:
    with pytest.raises(CatalogueError, match=words) as caught:
        Catalogue.open(address, clock=ManualClock())
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_several_threads_may_ask_a_catalogue_that_was_just_opened(catalogue: Catalogue, url: str) -> None:
    catalogue.put_channel("one", "One", None, None)
    script = f"""
import sys, threading
from streamproc.catalogue import Catalogue, SegmentFilter
from streamproc.timebase import SystemClock
catalogue = Catalogue.open({url!r}, clock=SystemClock())
sys.setswitchinterval(1e-5)
start = threading.Barrier(8)
def ask():
    start.wait()
    catalogue.segments("one", SegmentFilter(newest_first=True, limit=1))
    catalogue.clips("one")
threads = [threading.Thread(target=ask) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=120, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
