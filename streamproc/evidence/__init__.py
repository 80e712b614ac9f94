"""Evidence of a clip or piece: what it was cut from, how its boundaries were found, who had a say. docs/evidence.md."""

import json
from dataclasses import dataclass
from pathlib import Path

from streamproc.catalogue import Catalogue
from streamproc.config import Settings
from streamproc.evidence.gather import Gathering
from streamproc.evidence.pack import DOCUMENT, write_pack
from streamproc.evidence.subject import SubjectKind, find_subject
from streamproc.timebase import SystemClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A pack that was made."""

    name: str
    """What it is called, without an ending."""
    manifest_sha256: str
    """Checksum of its list of checksums."""
    missing: tuple[str, ...]
    """What could not be put into it."""


def make_pack(settings: Settings, kind: SubjectKind, number: int, out: Path) -> Made:
    """Write the pack of a clip or piece. Decodes and hashes, so it takes seconds to minutes.

    Raises ConfigError: no such clip or piece, or the pack can't be written; CatalogueError; RecordingError.
    """
    clock = SystemClock()
    catalogue = Catalogue.open(settings.database_url, clock=clock)
    try:
        subject = find_subject(catalogue, kind, number)
        gathering = Gathering(catalogue, settings, subject, clock)
        document = gathering.document()
    finally:
        catalogue.close()
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    manifest = write_pack(out, {**gathering.files, DOCUMENT: text.encode()})
    name = f"evidence-{subject.channel}-{subject.kind}-{subject.id}"
    return Made(name=name, manifest_sha256=manifest, missing=tuple(gathering.missing))
