import hashlib
import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from sqlalchemy import insert

from streamproc.catalogue.finishing import Review, Verdict
from streamproc.catalogue.forensics import FindingVerdict
from streamproc.errors import ConfigError, EvidenceError
from streamproc.evidence import make_pack
from streamproc.evidence.pack import verify_pack
from streamproc.evidence.subject import SubjectKind
from tests.evidence.conftest import CUT
from tests.exports.test_document import keys
from tests.findings import HEAT, find

Air = Any


@pytest.fixture
def pack(air: Air, tmp_path: Path) -> Path:
    made = make_pack(air.settings, SubjectKind.CLIP, air.clip, tmp_path / "pack.zip")
    assert made.missing == ()
    return tmp_path / "pack.zip"


def document(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        content: dict[str, Any] = json.loads(archive.read("evidence.json"))
    return content


def test_every_recorded_file_is_named_with_its_checksum(air: Air, pack: Path) -> None:
    files = document(pack)["files"]
    assert len(files) >= 3
    for entry in files:
        data = (air.recording / entry["path"]).read_bytes()
        assert (entry["size_bytes"], entry["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())


def test_a_boundary_is_told_with_all_its_versions(air: Air, pack: Path) -> None:
    start, end = document(pack)["boundaries"]
    assert (start["role"], end["id"], end["frame"], end["state"]) == ("start", air.boundary, CUT, "final")
    assert [(v["number"], v["frame"], v["method"]) for v in end["versions"]] == [
        (1, CUT - 3, "sample"),
        (2, CUT, "cut"),
    ]


def test_the_scores_change_at_the_boundary(air: Air, pack: Path) -> None:
    with zipfile.ZipFile(pack) as archive:
        lines = archive.read(f"scores/boundary-{air.boundary}.csv").decode().splitlines()[1:]
        picture = cv2.imdecode(np.frombuffer(archive.read(f"plots/boundary-{air.boundary}.png"), np.uint8), 1)
    seen = {int(frame): float(probability) > 0.5 for frame, _, _, probability, _ in (line.split(",") for line in lines)}
    assert sorted(seen) == list(range(CUT - 75, CUT + 75))
    assert all(there is (frame < CUT) for frame, there in seen.items())
    assert picture.shape[1] > 900


def test_it_says_who_did_what(air: Air, tmp_path: Path) -> None:
    with air.catalogue.ledger.write() as write:
        review = {
            "boundary_id": air.boundary,
            "verdict": Verdict.ACCEPTED,
            "author": "вера",
            "created_ns": write.now_ns,
        }
        write.session.execute(insert(Review).values(review))
    make_pack(air.settings, SubjectKind.PIECE, air.piece, tmp_path / "piece.zip")
    content = document(tmp_path / "piece.zip")
    assert [(deed["who"], deed["what"]) for deed in content["people"]] == [
        ("борис", f"wanted piece {air.piece}"),
        ("анна", f"labelled 1.000 to 2.000 s of epoch {air.epoch} as programme"),
        ("вера", f"accepted boundary {air.boundary}"),
    ]
    assert [(s["start"]["frame"], s["end"]["frame"]) for s in content["spans"]] == [(25, 75), (125, 200)]
    note = "the channel's recording was never searched for paint"
    assert content["forensics"] == {"findings": [], "note": note}


def test_what_looks_painted_over_in_its_stretch_is_in_the_pack_with_its_heat(air: Air, tmp_path: Path) -> None:
    number = find(air.catalogue, 1, 2, channel="one", epoch=air.epoch)
    find(air.catalogue, 1000, 1001, channel="one", epoch=air.epoch)
    air.catalogue.findings.judge(number, FindingVerdict.CONFIRMED, "the old bug", "вера")
    make_pack(air.settings, SubjectKind.CLIP, air.clip, tmp_path / "pack.zip")
    forensics = document(tmp_path / "pack.zip")["forensics"]
    (told,) = forensics["findings"]
    assert (told["id"], told["start"], told["end"], told["box"]) == (number, "1/1", "2/1", [96, 80, 224, 144])
    assert (told["verdict"], told["verdict_by"], told["comment"]) == ("confirmed", "вера", "the old bug")
    assert "no proof" in forensics["note"]
    with zipfile.ZipFile(tmp_path / "pack.zip") as archive:
        assert archive.read(told["heat"]) == HEAT


def test_the_model_is_named_with_its_checksum(air: Air, pack: Path) -> None:
    model = document(pack)["model"]
    weights = air.settings.channels[0].model / "model.onnx"
    assert model["sha256"] == model["scored_by"]["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()


def test_what_retention_has_deleted_is_said_and_the_rest_is_given(air: Air, tmp_path: Path) -> None:
    for path in (air.recording / str(air.epoch)).iterdir():
        path.unlink()
    made = make_pack(air.settings, SubjectKind.CLIP, air.clip, tmp_path / "pack.zip")
    said = "\n".join(made.missing)
    assert f"the recorded file 1 of epoch {air.epoch} can't be read" in said
    assert f"no scores around boundary {air.boundary}" in said
    assert document(tmp_path / "pack.zip")["boundaries"][1]["versions"]


def test_a_recording_that_is_gone_is_said(air: Air, tmp_path: Path) -> None:
    (air.recording / "index.sqlite").unlink()
    made = make_pack(air.settings, SubjectKind.CLIP, air.clip, tmp_path / "pack.zip")
    assert any("is not recorded any more, so no recorded file can be named" in line for line in made.missing)


def test_a_clip_that_was_changed_after_it_was_cut_is_said(air: Air, tmp_path: Path) -> None:
    path = air.settings.clip_dir / "one.mp4"
    path.parent.mkdir()
    path.write_bytes(b"clip")
    air.catalogue.clip_ready(air.clip, "one.mp4", 4, hashlib.sha256(b"clip").hexdigest())
    assert make_pack(air.settings, SubjectKind.CLIP, air.clip, tmp_path / "pack.zip").missing == ()
    path.write_bytes(b"clop")
    made = make_pack(air.settings, SubjectKind.CLIP, air.clip, tmp_path / "pack.zip")
    assert made.missing == ("the clip's own file one.mp4 is not the one that was cut",)


def test_a_pack_as_it_was_made_is_verified(pack: Path) -> None:
    verified = verify_pack(pack)
    assert verified.files == len(zipfile.ZipFile(pack).namelist()) - 1


def changed(pack: Path, **new: bytes | None) -> Path:
    """Write the pack anew with some files replaced, added, or (None) left out."""
    names = {
        name.replace("/", "_").replace(".", "_").replace("-", "_"): name for name in zipfile.ZipFile(pack).namelist()
    }
    out = io.BytesIO()
    with zipfile.ZipFile(pack) as old, zipfile.ZipFile(out, "w") as archive:
        for key, name in names.items():
            data = new.pop(key, old.read(name))
            if data is not None:
                archive.writestr(name, data)
        for key, data in new.items():
            assert data is not None
            archive.writestr(key, data)
    path = pack.with_name("changed.zip")
    path.write_bytes(out.getvalue())
    return path


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ({"evidence_json": b"{}"}, "evidence.json is not as it was packed"),
        ({"more": b"x"}, "more is in it, but not"),
        ({"SHA256SUMS": b"nonsense\n"}, "not a checksum and a name"),
    ],
)
def test_a_pack_that_was_changed_is_found_out(pack: Path, new: dict[str, bytes | None], why: str) -> None:
    with pytest.raises(EvidenceError, match=why):
        verify_pack(changed(pack, **new))


def test_a_pack_without_one_of_its_files_is_found_out(air: Air, pack: Path) -> None:
    with pytest.raises(EvidenceError, match=f"plots/boundary-{air.boundary}.png is missing"):
        verify_pack(changed(pack, **{f"plots_boundary_{air.boundary}_png": None}))


def test_a_damaged_pack_is_found_out_unless_no_file_in_it_is_another(pack: Path) -> None:
    """A byte that is none of the files' (a date, a place) may be wrong; one that is never goes unnoticed."""
    whole, sound = pack.read_bytes(), verify_pack(pack)
    found_out = 0
    for at in range(0, len(whole), max(1, len(whole) // 400)):
        pack.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            assert verify_pack(pack) == sound
        except (EvidenceError, ConfigError):
            found_out += 1
    assert found_out > 300


def test_a_pack_that_ends_early_is_found_out(pack: Path) -> None:
    pack.write_bytes(pack.read_bytes()[:-1000])
    with pytest.raises(EvidenceError, match="damaged, or no evidence pack"):
        verify_pack(pack)


@pytest.mark.parametrize("data", [b"", b"not a zip"])
def test_what_is_no_pack_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(EvidenceError, match="no evidence pack"):
        verify_pack(tmp_path / "x.zip")


def test_an_unknown_clip_is_refused(air: Air, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no clip has the number 99"):
        make_pack(air.settings, SubjectKind.CLIP, 99, tmp_path / "x.zip")


def streamproc(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streamproc", "evidence", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_makes_a_pack_and_checks_it_against_the_recording(air: Air, tmp_path: Path) -> None:
    out = tmp_path / "clip.zip"
    made = streamproc("clip", str(air.clip), "--config", air.config, "--out", out)
    assert (made.returncode, made.stderr) == (0, "")
    checked = streamproc("verify", out, "--config", air.config)
    assert made.stdout.split()[-1] in checked.stdout
    count = len(document(out)["files"])
    assert f"recorded files: {count} are what it was made from, 0 are not there any more" in checked.stdout
    first = next(iter(sorted((air.recording / str(air.epoch)).iterdir())))
    first.write_bytes(first.read_bytes()[:-1] + b"\0")
    found = streamproc("verify", out, "--config", air.config)
    assert (found.returncode, found.stderr.count("\n")) == (1, 1)
    assert f"{first}: is not what the evidence was made from" in found.stderr


def test_an_unpacked_pack_can_be_checked_without_this_program(pack: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(pack) as archive:
        archive.extractall(tmp_path / "unpacked")
    command = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    done = subprocess.run(command, cwd=tmp_path / "unpacked", capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"")


def test_every_key_of_the_document_is_documented(air: Air, tmp_path: Path, project_root: Path) -> None:
    make_pack(air.settings, SubjectKind.PIECE, air.piece, tmp_path / "piece.zip")
    text = (project_root / "docs" / "evidence.md").read_text(encoding="utf-8").split("## The document")[1]
    assert keys(document(tmp_path / "piece.zip")) - set(re.findall(r"`(\w+)`", text)) == set()
