"""What files say of themselves."""

import socket
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streamproc.media.credentials import State, credentials_of
from streamproc.media.encode import Coding, Encoder
from tests.media.signing import CREATED, EDITED, signed


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "plain.jpg")
    return tmp_path / "plain.jpg"


@pytest.fixture
def picture(plain: Path) -> Path:
    return signed(plain, plain.with_name("signed.jpg"), CREATED, EDITED)


def test_what_was_done_by_which_program_and_who_signed_it_are_told(picture: Path) -> None:
    found = credentials_of(picture)
    assert found is not None
    assert found.state is State.WHOLE
    assert found.problems == ()
    assert found.generator == "test desk 1"
    assert found.signer == "signer, Test Newsroom"
    assert [one.action for one in found.actions] == ["c2pa.created", "c2pa.edited"]
    assert found.actions[0].source_type == "trainedAlgorithmicMedia"
    assert (found.actions[1].description, found.actions[1].software) == ("Logo removed", "Painter 3")
    line = found.line("a.jpg")
    assert "created (trainedAlgorithmicMedia), edited" in line
    assert "\n" not in line


def test_what_it_was_made_from_brings_its_own_history(plain: Path, picture: Path) -> None:
    found = credentials_of(signed(plain, plain.with_name("cut.jpg"), made_from=picture))
    assert found is not None
    assert found.ingredients == ("signed.jpg",)
    assert [one.action for one in found.actions] == ["c2pa.opened", "c2pa.created", "c2pa.edited"]


def test_a_video_has_credentials_too(tmp_path: Path) -> None:
    with Encoder(str(tmp_path / "a.mp4"), Coding(width=160, height=96, rate=Fraction(25), audio_rate=None)) as encoder:
        for number in range(10):
            encoder.write(np.random.default_rng(number).integers(0, 256, (96, 160, 3), dtype=np.uint8))
    assert credentials_of(tmp_path / "a.mp4") is None
    found = credentials_of(signed(tmp_path / "a.mp4", tmp_path / "b.mp4", CREATED))
    assert found is not None
    assert found.state is State.WHOLE


def test_a_wrong_suffix_hides_nothing(picture: Path) -> None:
    found = credentials_of(picture.rename(picture.with_suffix(".png")))
    assert found is not None
    assert found.state is State.WHOLE


def test_a_picture_that_was_changed_after_signing_does_not_hold(picture: Path) -> None:
    whole = bytearray(picture.read_bytes())
    whole[-300] ^= 0x55
    picture.write_bytes(whole)
    found = credentials_of(picture)
    assert found is not None
    assert found.state is State.BROKEN
    assert found.problems == ("assertion.dataHash.mismatch",)
    assert "DO NOT HOLD" in found.line("a.jpg")


def test_credentials_that_were_forged_do_not_hold(picture: Path) -> None:
    picture.write_bytes(picture.read_bytes().replace(b"Logo removed", b"Logo touched"))
    found = credentials_of(picture)
    assert found is not None
    assert found.state is State.BROKEN
    assert found.problems == ("assertion.hashedURI.mismatch",)


def test_damaged_credentials_are_said_to_be_unreadable(picture: Path) -> None:
    whole = bytearray(picture.read_bytes())
    begin = whole.find(b"jumb")
    whole[begin + 200 : begin + 208] = bytes(8)
    picture.write_bytes(whole)
    found = credentials_of(picture)
    assert found is not None
    assert found.state is State.UNREADABLE
    assert "\n" not in found.line("a.jpg")


def test_credentials_that_are_kept_elsewhere_are_not_fetched(plain: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/a.c2pa"
        found = credentials_of(signed(plain, plain.with_name("remote.jpg"), CREATED, url=url))
        with pytest.raises(BlockingIOError):
            server.accept()
    assert found is not None
    assert found.state is State.ELSEWHERE
    assert "elsewhere" in found.line("a.jpg")


@pytest.mark.parametrize("holds", [b"", b"hello", b"\xff\xd8\xff\xe0", b"\0\0\0\x18ftypmp42"])
def test_a_file_without_credentials_says_nothing(tmp_path: Path, plain: Path, holds: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(holds)
    assert credentials_of(tmp_path / "a.jpg") is None
    assert credentials_of(plain) is None
    assert credentials_of(tmp_path / "missing.jpg") is None


def test_without_the_extra_nothing_is_said(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    assert credentials_of(picture) is None
