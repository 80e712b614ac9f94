"""The pack as a file: a ZIP with a list of checksums, so that any change in it shows.

The list is in the form that sha256sum reads; so an unpacked pack can be checked without this program. What binds the
list itself is its own checksum, which is printed and answered when the pack is made: note it down elsewhere.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from streamproc.errors import ConfigError, EvidenceError
from streamproc.inference.card import file_sha256
from streamproc.media.recording.index import file_path

DOCUMENT: Final = "evidence.json"
MANIFEST: Final = "SHA256SUMS"
_DAMAGED: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    RuntimeError,  # it says that a file is encrypted
    NotImplementedError,  # it says that a file is packed in a way we never use
)
_CHUNK: Final = 1 << 20
_MOST_TEXT: Final = 256 << 20
"""Bytes of JSON or checksums beyond which a file is no pack of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A pack whose every file is as it was packed."""

    manifest_sha256: str
    """Checksum of the list of checksums: compare it with what was noted down."""
    files: int
    """How many files the list has."""
    document: Mapping[str, Any]
    """Its evidence.json."""


def write_pack(path: Path, files: Mapping[str, bytes]) -> str:
    """Write a pack, whole or not at all; return the checksum of its list. Raises ConfigError: it can't be written."""
    manifest = "".join(f"{_sha256(data)}  {name}\n" for name, data in sorted(files.items())).encode()
    new = path.with_name(f".{path.name}.new")
    try:
        with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in sorted({**files, MANIFEST: manifest}.items()):
                archive.writestr(name, data)
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise ConfigError(f"{path}: can't be written ({error.strerror}); give another place") from error
    return _sha256(manifest)


def verify_pack(path: Path) -> Verified:
    """Check every file of a pack against its list.

    Raises EvidenceError, which names the first file that is missing, too many or another; ConfigError when the file
    is no pack.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _verified(path, archive)
    except OSError as error:
        raise ConfigError(f"{path}: can't be read ({error.strerror})") from error
    except _DAMAGED as error:
        raise EvidenceError(f"{path}: damaged, or no evidence pack ({error})") from error


def verify_originals(verified: Verified, recording: Path) -> tuple[int, int]:
    """Compare the recorded files that a pack names with what is there now; return how many agree and how many are gone.

    recording: the folder of the channel's recording. Raises EvidenceError, which names the first that differs.
    """
    same = gone = 0
    for path, size, checksum in _originals(verified, recording):
        if not path.is_file():
            gone += 1
        elif head_sha256(path, size) != checksum:
            raise EvidenceError(f"{path}: is not what the evidence was made from: its SHA-256 is another")
        else:
            same += 1
    return same, gone


def _originals(verified: Verified, recording: Path) -> list[tuple[Path, int, str]]:
    """Return path, size and checksum of the recorded files that a pack names."""
    try:
        return [
            (file_path(recording, int(one["epoch"]), int(one["number"])), int(one["size_bytes"]), str(one["sha256"]))
            for one in verified.document["files"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"the pack's {DOCUMENT} does not name its files as schema 1 does ({error!r})") from error


def _verified(path: Path, archive: zipfile.ZipFile) -> Verified:
    names = [info.filename for info in archive.infolist()]
    if MANIFEST not in names or DOCUMENT not in names:
        raise ConfigError(f"{path}: no evidence pack: {MANIFEST} and {DOCUMENT} must be in it")
    manifest = _text(path, archive, MANIFEST)
    listed = dict(_listed(path, manifest.decode("utf-8", "replace")))
    twice = {name for name in names if names.count(name) > 1}
    others = twice | (set(names) - set(listed) - {MANIFEST})
    if others:
        raise EvidenceError(f"{path}: {min(others)} is in it, but not (or more than once) in its list of checksums")
    for name, wanted in listed.items():
        if name not in names:
            raise EvidenceError(f"{path}: {name} is missing from it")
        if _member_sha256(archive, name) != wanted:
            raise EvidenceError(f"{path}: {name} is not as it was packed: its SHA-256 is another")
    document = json.loads(_text(path, archive, DOCUMENT))
    if not isinstance(document, dict) or document.get("schema") != 1 or not isinstance(document.get("files"), list):
        raise ConfigError(f"{path}: its {DOCUMENT} is not of schema 1")
    return Verified(manifest_sha256=_sha256(manifest), files=len(listed), document=document)


def _listed(path: Path, manifest: str) -> Iterator[tuple[str, str]]:
    for line in manifest.splitlines():
        checksum, gap, name = line[:64], line[64:66], line[66:]
        if gap != "  " or not name or any(letter not in "0123456789abcdef" for letter in checksum):
            raise EvidenceError(f"{path}: a line of {MANIFEST} is not a checksum and a name: {line[:80]!r}")
        yield name, checksum


def _text(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _MOST_TEXT:
        raise ConfigError(f"{path}: no evidence pack: its {name} is larger than any of ours")
    return archive.read(name)


def _member_sha256(archive: zipfile.ZipFile, name: str) -> str:
    with archive.open(name) as file:
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def head_sha256(path: Path, size: int) -> str:
    """Return the checksum of a file's first bytes: one that grew since still begins as it did."""
    if path.stat().st_size == size:
        return file_sha256(path)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while size > 0 and (chunk := file.read(min(_CHUNK, size))):
            digest.update(chunk)
            size -= len(chunk)
    return digest.hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
