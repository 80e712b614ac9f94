"""The last warnings and errors of every process, kept in the data folder for whoever asks what went wrong.

The log itself goes to standard error, where a page can't read it. Each process has a file of its own here, of bounded
size; what is in it went through the same processors as the log, so no stream key is in it.
"""

import json
import threading
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

LARGEST_BYTES: Final = 256 * 1024
"""A file that is larger than this loses its older half."""
FOLDER: Final = "errors"
"""Below the data folder."""
_KEPT: Final = frozenset({"warning", "error", "critical"})


class ErrorBook:
    """Writes down what one process warns of; a processor of structlog, and one that never fails."""

    def __init__(self, data_dir: Path, process: str) -> None:
        self._path = data_dir / FOLDER / f"{process}.jsonl"
        self._lock = threading.Lock()

    def __call__(self, logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Write an event down if it is a warning or worse, and pass it on."""
        if event.get("level") in _KEPT:
            with suppress(OSError), self._lock:  # a full disk must not silence the log
                self._write(json.dumps(event, ensure_ascii=False, default=str))
        return event

    def _write(self, line: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists() and self._path.stat().st_size > LARGEST_BYTES:
            lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
            new = self._path.with_suffix(".new")
            new.write_text("".join(lines[len(lines) // 2 :]), encoding="utf-8")
            new.replace(self._path)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def last_errors(data_dir: Path, limit: int) -> list[Mapping[str, Any]]:
    """Return what all processes have warned of, newest first, at most so many."""
    found: list[Mapping[str, Any]] = [event for path in (data_dir / FOLDER).glob("*.jsonl") for event in _events(path)]
    return sorted(found, key=lambda event: str(event["ts"]), reverse=True)[:limit]


def _events(path: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        with suppress(ValueError):
            event = json.loads(line)  # the last line may be half written
            if isinstance(event, dict) and "ts" in event and "event" in event:
                yield event
