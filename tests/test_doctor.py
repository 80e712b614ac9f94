"""`streamproc doctor` names what is wrong and changes nothing."""

import fcntl
import resource
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from streamproc.catalogue import Catalogue, UserRole
from streamproc.doctor import Level, diagnose
from streamproc.inference.card import Card, Input, Region
from streamproc.timebase import SystemClock


class Site:
    """A configuration in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "streamproc.toml"
        self.data_dir = folder / "data"
        self.head = f'data_dir = "{self.data_dir}"'
        self.web = "port = 0"
        self.environ: dict[str, str] = {}
        self.channel = 'name = "one"\nurl = "rtmp://127.0.0.1:1/live/SECRET"'

    def write(self) -> None:
        self.config.write_text(f"{self.head}\n[web]\n{self.web}\n[[channels]]\n{self.channel}\n", encoding="utf-8")

    def texts(self, level: Level, *, connect: bool = False) -> str:
        self.write()
        found = diagnose(self.config, connect=connect, environ=self.environ)
        assert not any("SECRET" in finding.text for finding in found)
        return "\n".join(finding.text for finding in found if finding.level is level)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_this_machine_is_fit_for_streamproc() -> None:
    assert [finding for finding in diagnose(None) if finding.level is not Level.OK] == []


def test_a_new_site_has_no_errors(site: Site) -> None:
    assert site.texts(Level.ERROR) == ""


def test_nothing_is_made_or_left_behind(site: Site) -> None:
    site.texts(Level.OK)
    assert list(site.folder.iterdir()) == [site.config]


def test_a_wrong_key_is_named(site: Site) -> None:
    site.head += "\ncolour = 1"
    assert "unknown key 'colour'" in site.texts(Level.ERROR)


def test_a_configuration_without_channels_is_pointed_out(site: Site) -> None:
    site.config.write_text(site.head, encoding="utf-8")
    assert any("names no channel" in finding.text for finding in diagnose(site.config, environ={}))


def test_a_data_folder_that_is_a_file_is_an_error(site: Site) -> None:
    site.data_dir.write_text("", encoding="utf-8")
    assert "is a file; name a folder" in site.texts(Level.ERROR)


def test_a_data_folder_that_cannot_be_written_is_an_error(site: Site) -> None:
    site.head = 'data_dir = "/proc/streamproc"'
    assert "/proc can't be written to" in site.texts(Level.ERROR)


def test_a_disk_with_less_space_than_retention_keeps_free_is_an_error(site: Site) -> None:
    site.channel += "\n[channels.retention]\nmin_free_bytes = 1_000_000_000_000_000"
    assert "retention keeps 1000000.0 GB free" in site.texts(Level.ERROR)


def test_a_running_daemon_is_noticed(site: Site) -> None:
    site.data_dir.mkdir()
    with (site.data_dir / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "a streamproc works on this folder right now" in site.texts(Level.OK)


def test_the_port_that_the_running_daemon_uses_is_not_held_against_it(site: Site, taken_port: int) -> None:
    site.web = f"port = {taken_port}"
    site.data_dir.mkdir()
    with (site.data_dir / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert site.texts(Level.ERROR) == ""


def test_a_port_that_another_program_uses_is_an_error(site: Site, taken_port: int) -> None:
    site.web = f"port = {taken_port}"
    assert f"can't listen on 127.0.0.1:{taken_port}" in site.texts(Level.ERROR)


def test_a_page_that_would_be_open_to_the_network_is_an_error(site: Site) -> None:
    site.web += '\nhost = "0.0.0.0"'
    assert "there are no users, so the page will not start" in site.texts(Level.ERROR)


def test_a_page_that_people_sign_in_to_may_be_open_to_the_network(site: Site) -> None:
    site.web += '\nhost = "0.0.0.0"'
    site.data_dir.mkdir()
    catalogue = Catalogue.open(f"sqlite:///{site.data_dir / 'catalogue.sqlite'}", clock=SystemClock())
    catalogue.people.add("anna", UserRole.ADMIN)
    catalogue.close()
    assert "lets the network in" not in site.texts(Level.ERROR) + site.texts(Level.WARNING)


def test_a_channel_without_a_model_is_a_warning(site: Site) -> None:
    assert "channel 'one': has no model" in site.texts(Level.WARNING)


def test_a_model_that_is_not_the_one_of_its_card_is_an_error(site: Site) -> None:
    folder = site.folder / "model"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"something else")
    region = Region(x=0.8, y=0.1, width=0.1, height=0.1)
    Card(schema=1, name="one", sha256="0" * 64, region=region, input=Input(width=64, height=64)).write(folder)
    site.channel += '\nmodel = "model"'
    assert "is not the file that its card describes" in site.texts(Level.ERROR)


def test_a_host_that_nobody_knows_is_an_error(site: Site) -> None:
    site.channel = 'name = "one"\nurl = "rtmp://nowhere.invalid/live/SECRET"'
    assert "nobody knows the host nowhere.invalid" in site.texts(Level.ERROR)


def test_a_source_file_that_is_missing_is_an_error(site: Site) -> None:
    site.channel = f'name = "one"\nurl = "{site.folder}/missing.ts"'
    assert "missing.ts is not there" in site.texts(Level.ERROR)


def test_an_address_to_listen_on_that_is_taken_is_an_error(site: Site, taken_port: int) -> None:
    site.channel = f'name = "one"\nlisten = "rtmp://127.0.0.1:{taken_port}/live/SECRET"'
    assert f"channel 'one': can't listen on 127.0.0.1:{taken_port}" in site.texts(Level.ERROR)


def test_a_feed_that_does_not_answer_is_an_error_when_asked_for(site: Site) -> None:
    assert "channel 'one'" in site.texts(Level.ERROR, connect=True)


def test_a_feed_is_left_alone_unless_asked_for(site: Site) -> None:
    assert "the host 127.0.0.1 is known" in site.texts(Level.OK)


def test_a_damaged_catalogue_is_an_error(site: Site) -> None:
    site.data_dir.mkdir()
    (site.data_dir / "catalogue.sqlite").write_bytes(b"not a database, but long enough to look at" * 100)
    assert "catalogue.sqlite: can't be opened" in site.texts(Level.ERROR)


def test_a_catalogue_of_a_newer_program_is_an_error_and_stays_as_it_is(site: Site) -> None:
    site.data_dir.mkdir()
    path = site.data_dir / "catalogue.sqlite"
    Catalogue.open(f"sqlite:///{path}", clock=SystemClock()).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'from the future'")
    connection.close()
    before = path.read_bytes()
    assert "written by a newer streamproc" in site.texts(Level.ERROR)
    assert path.read_bytes() == before


def test_a_catalogue_that_opens_is_fine(site: Site) -> None:
    site.data_dir.mkdir()
    path = site.data_dir / "catalogue.sqlite"
    Catalogue.open(f"sqlite:///{path}", clock=SystemClock()).close()
    assert f"catalogue {path}: opens" in site.texts(Level.OK)


def test_a_catalogue_server_that_does_not_answer_is_an_error_without_its_password(site: Site) -> None:
    site.head += '\ncatalogue_url = "postgresql://streamproc:SECRET@127.0.0.1:1/streamproc"'
    assert "127.0.0.1:1 can't be reached" in site.texts(Level.ERROR)


def test_too_few_file_descriptors_are_a_warning(site: Site) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        assert "a process may open 200 files" in site.texts(Level.WARNING)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_command_prints_a_line_a_finding_and_ends_with_1_when_one_is_an_error(site: Site) -> None:
    site.head = 'data_dir = "/proc/streamproc"'
    site.channel += f'\nmodel = "{Path(__file__).parent.parent / "models" / "demo"}"'
    site.write()
    command = [sys.executable, "-m", "streamproc", "doctor", "--config", str(site.config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert done.stderr == ""
    assert {line.split(maxsplit=1)[0] for line in done.stdout.splitlines()} == {"ok", "error"}


def test_the_network_that_looks_for_paint_is_checked_where_it_is_wanted(site: Site) -> None:
    site.channel += f'\nmodel = "{Path(__file__).parent.parent / "models" / "demo"}"\ninspect.enabled = true'
    assert "loads, and looks for paint" in site.texts(Level.OK)
    site.head += '\ninference.forensics = "nowhere"'
    assert "paint is not looked for: " in site.texts(Level.WARNING)


def test_a_channel_with_a_logo_is_checked_with_the_verifier(site: Site) -> None:
    logo = site.config.parent / "bug.png"
    cv2.imwrite(str(logo), np.full((60, 100, 4), 255, np.uint8))
    site.channel += f'\nlogo = "{logo}"\nregion = "0.8,0.1,0.1,0.1"'
    assert "model verifier of bug.png loads and runs on" in site.texts(Level.OK)
    cv2.imwrite(str(logo), np.full((60, 100, 3), 255, np.uint8))
    assert "bug.png: has no alpha channel" in site.texts(Level.ERROR)


def test_a_target_that_can_be_written_to_is_fine_and_left_as_it_was(site: Site) -> None:
    archive = site.folder / "archive"
    archive.mkdir()
    site.channel += f'\n[[targets]]\nname = "archive"\nurl = "{archive.as_uri()}"'
    assert "target 'archive': can be written to, and a small file deleted again" in site.texts(Level.OK, connect=True)
    assert list(archive.iterdir()) == []


def test_a_target_whose_folder_is_missing_is_an_error_when_it_is_asked(site: Site) -> None:
    site.channel += f'\n[[targets]]\nname = "archive"\nurl = "{(site.folder / "unmounted").as_uri()}"'
    assert "target 'archive'" not in site.texts(Level.ERROR)
    assert "unmounted is not there" in site.texts(Level.ERROR, connect=True)


def test_a_target_whose_credentials_are_not_set_is_an_error(site: Site) -> None:
    site.channel += '\n[[targets]]\nname = "archive"\nurl = "s3://clips"\npassword_env = "ARCHIVE_PASSWORD"'
    assert "environment variable ARCHIVE_PASSWORD, which is not set" in site.texts(Level.ERROR)


def test_a_webhook_without_its_secret_is_an_error(site: Site) -> None:
    site.channel += '\n[[webhooks]]\nname = "desk"\nurl = "http://127.0.0.1:1/SECRET"\nsecret_env = "DESK"'
    assert "webhook 'desk': the environment variable DESK is not set" in site.texts(Level.ERROR)


def test_a_webhook_that_does_not_answer_is_an_error_when_it_is_asked(site: Site) -> None:
    site.channel += '\n[[webhooks]]\nname = "desk"\nurl = "http://127.0.0.1:1/SECRET"\nsecret_env = "DESK"'
    site.environ = {"DESK": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}
    assert "webhook 'desk': its secret is there" in site.texts(Level.OK)
    assert "webhook 'desk': can't be reached" in site.texts(Level.ERROR, connect=True)
