"""Files go to a folder, to SFTP and to WebDAV: real servers, and what lies there read with other eyes."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from streamproc.config import TargetSettings
from streamproc.errors import DeliveryError, DeliveryImpossible, DeliveryRefused
from streamproc.storage import Interrupted, Parcel, Target, open_target
from tests.storage.parcels import NAME, Desk, parcel
from tests.storage.servers import ENVIRON, S3Server, SftpServer, WebdavServer

SIZE = 9_000_000
HALF = 4 << 20


class Place:
    """A target, and the folder behind it."""

    def __init__(self, settings: TargetSettings, folder: Path) -> None:
        self.settings = settings
        self.folder = folder

    def open(self) -> Target:
        return open_target(self.settings, ENVIRON)

    def visible(self) -> list[str]:
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file() and not path.name.startswith("."))

    def hidden(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob(".*") if path.is_file())


def local(request: pytest.FixtureRequest) -> Place:
    folder = request.getfixturevalue("tmp_path") / "archive"
    folder.mkdir()
    return Place(TargetSettings(name="disk", url=folder.as_uri()), folder)


def below(request: pytest.FixtureRequest, server: SftpServer | WebdavServer) -> Place:
    """A folder of its own for each test, on the server that they share."""
    folder = server.folder / request.getfixturevalue("tmp_path").name
    folder.mkdir()
    settings = server.target()
    return Place(settings.model_copy(update={"url": f"{settings.url.rstrip('/')}/{folder.name}"}), folder)


PLACES: dict[str, Callable[[pytest.FixtureRequest], Place]] = {
    "folder": local,
    "sftp": lambda request: below(request, request.getfixturevalue("sftp")),
    "webdav": lambda request: below(request, request.getfixturevalue("webdav")),
}
SFTP = pytest.param("sftp", marks=pytest.mark.sshd)


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Place:
    return PLACES[request.param](request)


@pytest.fixture
def target(place: Place) -> Iterator[Target]:
    opened = place.open()
    yield opened
    opened.close()


each = pytest.mark.parametrize("place", ["folder", SFTP, "webdav"], indirect=True)
that_append = pytest.mark.parametrize("place", ["folder", SFTP], indirect=True)


@each
@pytest.mark.parametrize("size_bytes", [0, 1, SIZE])
def test_a_file_arrives_whole_under_any_name(place: Place, target: Target, tmp_path: Path, size_bytes: int) -> None:
    file = parcel(tmp_path, size_bytes)
    receipt = target.send(file, NAME, Desk().watch())
    assert (place.folder / NAME).read_bytes() == file.path.read_bytes()
    assert place.hidden() == []
    assert (receipt.size_bytes, receipt.resumed_at) == (size_bytes, 0)


@each
def test_what_has_arrived_is_not_sent_again(target: Target, tmp_path: Path) -> None:
    file, desk = parcel(tmp_path), Desk()
    target.send(file, NAME, Desk().watch())
    assert target.send(file, NAME, desk.watch()).resumed_at == file.size_bytes
    assert desk.sent == []


@each
def test_another_file_under_the_same_name_takes_its_place(place: Place, target: Target, tmp_path: Path) -> None:
    target.send(parcel(tmp_path), NAME, Desk().watch())
    second = parcel(tmp_path, seed=2)
    target.send(second, NAME, Desk().watch())
    assert (place.folder / NAME).read_bytes() == second.path.read_bytes()


@that_append
def test_a_stopped_file_has_no_name_yet_and_goes_on_where_it_was(place: Place, target: Target, tmp_path: Path) -> None:
    file = parcel(tmp_path, SIZE)
    with pytest.raises(Interrupted):
        target.send(file, NAME, Desk(stop_at=HALF).watch())
    assert place.visible() == []
    (part,) = place.hidden()
    left = part.stat().st_size
    again = Desk()
    assert target.send(file, NAME, again.watch()).resumed_at == left >= HALF
    assert again.sent[0] == left
    assert (place.folder / NAME).read_bytes() == file.path.read_bytes()


@pytest.mark.parametrize("place", ["webdav"], indirect=True)
def test_webdav_begins_a_stopped_file_anew(place: Place, tmp_path: Path) -> None:
    file = parcel(tmp_path, SIZE)
    first = place.open()
    with pytest.raises(Interrupted):
        first.send(file, NAME, Desk(stop_at=HALF).watch())
    first.close()
    assert place.visible() == []
    second = place.open()
    assert second.send(file, NAME, Desk().watch()).resumed_at == 0
    assert (place.folder / NAME).read_bytes() == file.path.read_bytes()
    second.close()


@that_append
@pytest.mark.parametrize("damage", ["tail", "beginning", "too long"])
def test_a_part_that_is_not_of_this_file_is_found_out(
    place: Place, target: Target, tmp_path: Path, damage: str
) -> None:
    file = parcel(tmp_path, SIZE)
    with pytest.raises(Interrupted):
        target.send(file, NAME, Desk(stop_at=HALF).watch())
    (part,) = place.hidden()
    data = bytearray(part.read_bytes())
    if damage == "too long":
        data += bytes(SIZE)
    else:
        data[-1 if damage == "tail" else 0] ^= 1
    part.write_bytes(data)
    if damage == "beginning":  # what lies far back is seen when the whole is read back
        with pytest.raises(DeliveryError, match="is damaged; it is sent again"):
            target.send(file, NAME, Desk().watch())
        assert (place.visible(), place.hidden()) == ([], [])
    assert target.send(file, NAME, Desk().watch()).resumed_at == 0
    assert (place.folder / NAME).read_bytes() == file.path.read_bytes()


SENDER = """
import sys
from pathlib import Path
from streamproc.config import TargetSettings
from streamproc.storage import Parcel, Watch, open_target
from tests.storage.servers import ENVIRON

def progress(sent):
    print(sent, flush=True)
    sys.stdin.readline()

settings, path, size, sha256, name = sys.argv[1:]
watch = Watch(resume=None, remember=print, progress=progress, stopping=lambda: False)
parcel = Parcel(path=Path(path), size_bytes=int(size), sha256=sha256)
open_target(TargetSettings.model_validate_json(settings), ENVIRON).send(parcel, name, watch)
"""


def kill_in_the_middle(settings: TargetSettings, file: Parcel, at: int) -> None:
    """Send from a process of its own, and kill that once it has said that ``at`` bytes are under way."""
    arguments = [settings.model_dump_json(), str(file.path), str(file.size_bytes), file.sha256, NAME]
    with subprocess.Popen(
        [sys.executable, "-c", SENDER, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as sender:
        assert sender.stdin is not None
        assert sender.stdout is not None
        while int(sender.stdout.readline()) < at:
            sender.stdin.write("\n")
            sender.stdin.flush()
        sender.kill()


@each
def test_a_killed_sender_is_gone_on_from_by_the_next(
    request: pytest.FixtureRequest, place: Place, tmp_path: Path
) -> None:
    file = parcel(tmp_path, SIZE)
    kill_in_the_middle(place.settings, file, HALF)
    assert place.visible() == []
    target = place.open()
    resumed_at = target.send(file, NAME, Desk().watch()).resumed_at
    assert (place.folder / NAME).read_bytes() == file.path.read_bytes()
    assert resumed_at == 0 if "webdav" in request.node.name else resumed_at > 0
    target.close()


@pytest.mark.parametrize("kind", [pytest.param(SftpServer, marks=pytest.mark.sshd), WebdavServer])
def test_a_server_killed_in_the_middle_gets_the_file_when_it_is_back(tmp_path: Path, kind: type[Any]) -> None:
    file, desk = parcel(tmp_path, SIZE), Desk()
    with kind(tmp_path / "server") as server:
        desk.then = lambda sent: server.kill() if sent >= HALF else None
        first = open_target(server.target(), ENVIRON)
        with pytest.raises(DeliveryError) as failure:
            first.send(file, NAME, desk.watch())
        assert not isinstance(failure.value, DeliveryRefused)
        first.close()
        server.start()
        second = open_target(server.target(), ENVIRON)
        second.send(file, NAME, Desk().watch())
        assert (server.folder / NAME).read_bytes() == file.path.read_bytes()
        second.close()


@each
def test_a_file_that_was_changed_never_appears(place: Place, target: Target, tmp_path: Path) -> None:
    file = parcel(tmp_path)
    with file.path.open("r+b") as changed:
        changed.write(b"another beginning")
    with pytest.raises(DeliveryImpossible, match="is not the file that was finished"):
        target.send(file, NAME, Desk().watch())
    assert (place.visible(), place.hidden()) == ([], [])


@each
def test_a_folder_that_is_not_there_is_not_made(place: Place, target: Target, tmp_path: Path) -> None:
    place.folder.rmdir()
    with pytest.raises(DeliveryRefused, match="is not there; make it, or mount"):
        target.send(parcel(tmp_path), NAME, Desk().watch())
    place.folder.mkdir()


@each
def test_a_probe_leaves_nothing_behind(place: Place, target: Target) -> None:
    assert target.probe() is None
    assert (place.visible(), place.hidden()) == ([], [])


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 6 MiB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "none", str(folder)], check=False)
    if mounted.returncode != 0:
        pytest.skip("may not mount a small disk here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_folder_is_said_to_be_full_and_gone_on_with(tiny_disk: Path, tmp_path: Path) -> None:
    file = parcel(tmp_path, SIZE)
    target = open_target(TargetSettings(name="disk", url=tiny_disk.as_uri()))
    with pytest.raises(DeliveryRefused, match="target 'disk' is full"):
        target.send(file, NAME, Desk().watch())
    subprocess.run(["mount", "-o", "remount,size=20m", str(tiny_disk)], check=True)
    assert target.send(file, NAME, Desk().watch()).resumed_at > HALF
    assert (tiny_disk / NAME).read_bytes() == file.path.read_bytes()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        pytest.param(
            SftpServer, "says 'Failure', as a server does whose disk or quota is full", marks=pytest.mark.sshd
        ),
        (WebdavServer, r"can't do this there .*405.* check the url, its rights and its space"),
        (S3Server, "has trouble of its own .* its disk may be full"),
    ],
)
def test_a_full_server_is_known_by_what_it_says(
    tiny_disk: Path, tmp_path: Path, kind: Callable[[Path, Path], Any], words: str
) -> None:
    with kind(tmp_path / "server", tiny_disk) as server:
        target = open_target(server.target(), ENVIRON)
        with pytest.raises(DeliveryError, match=words):
            target.send(parcel(tmp_path, SIZE), NAME, Desk().watch())
        target.close()


@pytest.mark.sshd
def test_the_fingerprint_of_the_host_key_will_do(sftp: SftpServer) -> None:
    target = open_target(sftp.target(known_hosts=None, host_key=sftp.fingerprint), ENVIRON)
    assert target.probe() is None
    target.close()


@pytest.mark.sshd
@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"known_hosts": "empty"}, "is not the server that .*empty tells of: the server shows the key SHA256:"),
        ({"known_hosts": "stranger.known"}, "shows another key than .* somebody may be in between"),
        ({"known_hosts": None, "host_key": f"SHA256:{'A' * 43}"}, "is not the server that host_key tells of"),
        ({"known_hosts": None, "host_key": "MD5:00"}, "host_key is no fingerprint"),
        ({"known_hosts": "missing"}, "known_hosts .*missing can't be read"),
        ({"key_file": "stranger"}, "does not let us in .* check user, password_env and key_file"),
        ({"key_file": "host.pub"}, "key_file .*host.pub can't be used"),
        ({"key_file": "missing"}, "key_file .*missing can't be read"),
    ],
)
def test_what_is_wrong_with_an_sftp_server_is_said_in_one_line(
    sftp: SftpServer, keys: dict[str, str | None], words: str
) -> None:
    (sftp.home / "empty").touch()
    stranger = " ".join((sftp.home / "stranger.pub").read_text().split()[:2])
    (sftp.home / "stranger.known").write_text(f"[127.0.0.1]:{sftp.port} {stranger}\n")
    named = {key: value if key == "host_key" or value is None else sftp.home / value for key, value in keys.items()}
    with pytest.raises(DeliveryRefused, match=words) as refusal:
        open_target(sftp.target(**named), ENVIRON)
    assert "\n" not in str(refusal.value)


def test_a_wrong_password_of_webdav_is_said_in_one_line(webdav: WebdavServer, tmp_path: Path) -> None:
    target = open_target(webdav.target(password="WRONG"), ENVIRON)
    with pytest.raises(DeliveryRefused, match=r"does not let us in \(401\); check user_env, password_env"):
        target.send(parcel(tmp_path), NAME, Desk().watch())
    target.close()


def test_a_variable_that_is_not_set_is_named(webdav: WebdavServer) -> None:
    with pytest.raises(DeliveryRefused, match="environment variable THE_PASSWORD, which is not set"):
        open_target(webdav.target(), {"THE_USER": "editor"})


@pytest.mark.parametrize(
    ("url", "package", "extra"),
    [("s3://b", "s3fs", "s3"), ("sftp://h/f", "paramiko", "sftp"), ("webdav+https://h/f", "webdav4", "webdav")],
)
def test_a_missing_extra_is_named_with_the_command_that_installs_it(url: str, package: str, extra: str) -> None:
    program = f"""
import sys
sys.modules["{package}"] = None  # as if it were not installed
from streamproc.config import TargetSettings
from streamproc.errors import DeliveryRefused
from streamproc.storage import open_target
try:
    open_target(TargetSettings(name="t", url="{url}", host_key={"'SHA256:x'" if extra == "sftp" else None}), {{}})
except DeliveryRefused as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert said.count("\n") == 1
    assert f"needs the package {package}" in said
    assert f"pip install 'streamproc[{extra}]'" in said


@pytest.fixture
def babbler() -> Iterator[int]:
    """A server that answers everything with a page of HTML; its port."""

    class Babbler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            page = b"<html><body>Welcome to our portal"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        do_GET = do_PUT = do_HEAD = do_POST = do_PROPFIND = do_MKCOL = answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Babbler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("url", "keys"),
    [
        ("webdav+http://127.0.0.1:{port}/files", {}),
        (
            "s3://clips",
            {"endpoint_url": "http://127.0.0.1:{port}", "user_env": "THE_KEY", "password_env": "THE_SECRET"},
        ),
        ("sftp://user@127.0.0.1:{port}/files", {"host_key": f"SHA256:{'A' * 43}"}),
    ],
    ids=["webdav", "s3", "sftp"],
)
def test_a_server_that_answers_something_else_altogether_is_one_line(
    babbler: int, url: str, keys: dict[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said = {key: value.format(port=babbler) for key, value in keys.items()}
    settings = TargetSettings.model_validate({"name": "portal", "url": url.format(port=babbler), **said})
    with pytest.raises(DeliveryError, match="target 'portal': ") as error:
        open_target(settings, ENVIRON).send(parcel(tmp_path), NAME, Desk().watch())
    assert "\n" not in str(error.value)
    assert [record.getMessage() for record in caplog.records if record.name != "asyncio"] == []
