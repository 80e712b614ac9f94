"""Files go to S3: to a real server that checks signatures, in parts that survive kills on both sides."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamproc.errors import DeliveryError, DeliveryImpossible, DeliveryRefused
from streamproc.storage import Interrupted, Parcel, Watch, open_target
from streamproc.storage.opening import Access
from streamproc.storage.s3 import S3Target
from tests.storage.parcels import NAME, Desk, parcel
from tests.storage.servers import ENVIRON, KEY, SECRET, S3Server

PART = 5 << 20
LARGE = 3 * PART + 1234


def by_parts(server: S3Server) -> S3Target:
    """A target whose parts are as small as S3 allows."""
    return S3Target(server.target(), "clips", "from here", Access(user=KEY, password=SECRET), part_bytes=PART)


@pytest.fixture
def target(s3: S3Server) -> Iterator[S3Target]:
    opened = by_parts(s3)
    yield opened
    opened.close()


def there(server: S3Server, name: str = NAME) -> bytes:
    return (server.folder / "clips" / "from here" / name).read_bytes()


def visible(server: S3Server) -> list[str]:
    return sorted(p.name for p in (server.folder / "clips").rglob("*") if p.is_file() and not p.name.startswith("."))


@pytest.mark.parametrize("size_bytes", [0, 1, 3_000_000, PART, LARGE])
def test_a_file_of_any_size_arrives_whole(s3: S3Server, target: S3Target, tmp_path: Path, size_bytes: int) -> None:
    file = parcel(tmp_path, size_bytes)
    receipt = target.send(file, f"{size_bytes}/{NAME}", Desk().watch())
    assert there(s3, f"{size_bytes}/{NAME}") == file.path.read_bytes()
    assert (receipt.size_bytes, receipt.resumed_at) == (size_bytes, 0)
    assert "MD5" in receipt.verified


def test_what_has_arrived_is_not_sent_again(target: S3Target, tmp_path: Path) -> None:
    file, desk = parcel(tmp_path, seed=2), Desk()
    target.send(file, "again.mp4", Desk().watch())
    assert target.send(file, "again.mp4", desk.watch()).resumed_at == file.size_bytes
    assert desk.sent == []


def test_another_file_under_the_same_name_takes_its_place(s3: S3Server, target: S3Target, tmp_path: Path) -> None:
    target.send(parcel(tmp_path, seed=3), "same.mp4", Desk().watch())
    second = parcel(tmp_path, seed=4)
    target.send(second, "same.mp4", Desk().watch())
    assert there(s3, "same.mp4") == second.path.read_bytes()


def test_a_stopped_upload_goes_on_where_it_was(s3: S3Server, target: S3Target, tmp_path: Path) -> None:
    file, desk = parcel(tmp_path, LARGE, seed=5), Desk(stop_at=2 * PART)
    with pytest.raises(Interrupted):
        target.send(file, "stopped.mp4", desk.watch())
    assert "stopped.mp4" not in visible(s3)
    again = Desk(resume=desk.resume)
    assert target.send(file, "stopped.mp4", again.watch()).resumed_at == 2 * PART
    assert there(s3, "stopped.mp4") == file.path.read_bytes()
    assert again.resume is None


SENDER = """
import sys
from pathlib import Path
from streamproc.storage import Parcel, Watch
from tests.storage.test_s3 import by_parts
from tests.storage.servers import S3Server

port, path, size, sha256, state = sys.argv[1:]
server = S3Server.__new__(S3Server)
server.port = int(port)

def progress(sent):
    print(sent, flush=True)
    sys.stdin.readline()

watch = Watch(resume=None, remember=Path(state).write_text, progress=progress, stopping=lambda: False)
by_parts(server).send(Parcel(path=Path(path), size_bytes=int(size), sha256=sha256), "killed.mp4", watch)
"""


def kill_in_the_middle(server: S3Server, file: Parcel, state: Path, at: int) -> None:
    """Send from a process of its own, and kill that once it has said that ``at`` bytes have arrived."""
    arguments = [str(server.port), str(file.path), str(file.size_bytes), file.sha256, str(state)]
    with subprocess.Popen(
        [sys.executable, "-c", SENDER, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as sender:
        assert sender.stdin is not None
        assert sender.stdout is not None
        while int(sender.stdout.readline()) < at:
            sender.stdin.write("\n")
            sender.stdin.flush()
        sender.kill()


def test_a_killed_sender_is_gone_on_from_by_the_next(s3: S3Server, target: S3Target, tmp_path: Path) -> None:
    file, state = parcel(tmp_path, LARGE, seed=6), tmp_path / "state"
    kill_in_the_middle(s3, file, state, 2 * PART)
    assert "killed.mp4" not in visible(s3)
    assert target.send(file, "killed.mp4", Desk(resume=state.read_text()).watch()).resumed_at == 2 * PART
    assert there(s3, "killed.mp4") == file.path.read_bytes()


def test_a_server_killed_in_the_middle_gets_the_file_when_it_is_back(tmp_path: Path) -> None:
    file, desk = parcel(tmp_path, LARGE, seed=7), Desk()
    with S3Server(tmp_path / "server") as server:
        target = by_parts(server)
        desk.then = lambda sent: server.kill() if sent >= PART else None
        with pytest.raises(DeliveryError, match="target 'cloud'") as failure:
            target.send(file, "late.mp4", desk.watch())
        assert not isinstance(failure.value, DeliveryRefused)
        with pytest.raises(DeliveryError):
            target.send(file, "late.mp4", desk.watch())
        server.start()
        again = Desk(resume=desk.resume)
        target.send(file, "late.mp4", again.watch())
        assert there(server, "late.mp4") == file.path.read_bytes()
        assert visible(server) == ["late.mp4"]
        target.close()


def test_a_part_that_another_file_left_is_not_gone_on_with(s3: S3Server, target: S3Target, tmp_path: Path) -> None:
    first, desk = parcel(tmp_path, LARGE, seed=8), Desk(stop_at=PART)
    with pytest.raises(Interrupted):
        target.send(first, "mixed.mp4", desk.watch())
    second = parcel(tmp_path, LARGE, seed=9)
    assert target.send(second, "mixed.mp4", Desk(resume=desk.resume).watch()).resumed_at == 0
    assert there(s3, "mixed.mp4") == second.path.read_bytes()


@pytest.mark.parametrize("size_bytes", [3_000_000, LARGE])
def test_a_file_that_was_changed_never_appears(s3: S3Server, target: S3Target, tmp_path: Path, size_bytes: int) -> None:
    file = parcel(tmp_path, size_bytes, seed=10)
    with file.path.open("r+b") as changed:
        changed.write(b"another beginning")
    with pytest.raises(DeliveryImpossible, match="is not the file that was finished"):
        target.send(file, "changed.mp4", Desk().watch())
    assert "changed.mp4" not in visible(s3)


def test_a_file_that_is_gone_is_said_to_be(target: S3Target, tmp_path: Path) -> None:
    file = parcel(tmp_path)
    file.path.unlink()
    with pytest.raises(DeliveryImpossible, match="the file is gone"):
        target.send(file, "gone.mp4", Desk().watch())


def watch() -> Watch:
    return Desk().watch()


def test_a_wrong_secret_is_refused_in_one_line_without_it(s3: S3Server, tmp_path: Path) -> None:
    target = open_target(s3.target(secret="WRONG"), ENVIRON)
    with pytest.raises(
        DeliveryRefused, match=r"does not let us in \(SignatureDoesNotMatch\); check user_env, password_env"
    ) as refusal:
        target.send(parcel(tmp_path), NAME, watch())
    assert ENVIRON["WRONG"] not in str(refusal.value)
    target.close()


def test_a_bucket_that_is_not_there_is_named(s3: S3Server, tmp_path: Path) -> None:
    target = open_target(s3.target("nowhere"), ENVIRON)
    with pytest.raises(DeliveryRefused, match="has no bucket 'nowhere'"):
        target.send(parcel(tmp_path), NAME, watch())
    target.close()


def test_a_probe_leaves_nothing_behind(s3: S3Server) -> None:
    target = open_target(s3.target(), ENVIRON)
    before = sorted(s3.folder.rglob("*.streamproc*"))
    assert target.probe() is None
    assert sorted(s3.folder.rglob("*.streamproc*")) == before
    target.close()
