"""Changes channels in the TOML file, as a person would: comments and order stay, and nothing wrong is put in place.

The text is cut into the channels' blocks; a comment right above a header belongs to what it heads. Within its block a
channel's table is changed by tomlkit, so that what stays the same stays written as it is. The changed text must mean
what was wanted, is written beside the file, read back by :func:`streamproc.config.load` with the environment's
overrides, and only then renamed over it. So whoever reads the file, whenever, finds a whole and valid one; what the
environment overrides is never written down. docs/decisions/0018-channels-from-the-page.md says why it is so.
"""

import hashlib
import json
import os
import re
import stat
import tempfile
import threading
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable, Table

from streamproc.config import load
from streamproc.errors import ConfigError, ConfigRefused, ConfigStale

Raw = Mapping[str, Any]
"""A channel's table as the file has it: only what is written there."""
_HEADER: Final = re.compile(r"""^[ \t]*\[{1,2}(?P<name>[ \t\w."'-]+)\]{1,2}[ \t]*(?:#.*)?$""")


class ConfigFile:
    """The configuration file of this daemon; every call reads it anew, and blocks for a moment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def channels(self) -> list[dict[str, Any]]:
        """Return the tables of all channels. Raises ConfigError: it can't be read."""
        return _channels(self._parsed(self._text()))

    def channel(self, name: str) -> dict[str, Any] | None:
        """Return one channel's table; None when there is none. Raises ConfigError."""
        return _find(self.channels(), name)

    def add(self, table: Raw) -> None:
        """Append a channel. Raises ConfigStale: its name is taken; ConfigError: it makes no sense; ConfigRefused."""

        def work(blocks: _Blocks, tables: list[dict[str, Any]]) -> None:
            name = table["name"]
            if _find(tables, name) is not None:
                raise ConfigStale(f"a channel is named '{name}' already; choose another name, or change that one")
            blocks.append(table)
            tables.append(dict(table))

        self._rewrite(work)

    def put(self, name: str, table: Raw, version: str | None = None) -> None:
        """Give a channel these settings and no others; what stays the same stays written as it is.

        version: what the caller has seen, see :func:`version_of`; None for whatever is there.
        Raises ConfigStale: it is another by now, or gone; ConfigError: it makes no sense; ConfigRefused.
        """

        def work(blocks: _Blocks, tables: list[dict[str, Any]]) -> None:
            number = _known(tables, name, version)
            blocks.change(number, table)
            tables[number] = dict(table)

        self._rewrite(work)

    def remove(self, name: str, version: str | None = None) -> None:
        """Take a channel's table out. Raises as :meth:`put` does."""

        def work(blocks: _Blocks, tables: list[dict[str, Any]]) -> None:
            number = _known(tables, name, version)
            blocks.remove(number)
            del tables[number]

        self._rewrite(work)

    def _text(self) -> str:
        try:
            return self.path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{self.path}: can't be read ({error})") from error

    def _parsed(self, text: str) -> dict[str, Any]:
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{self.path}: not valid TOML: {error}") from error

    def _rewrite(self, work: "Callable[[_Blocks, list[dict[str, Any]]], None]") -> None:
        """Change text and meaning alike, see that they agree, check the whole, and put it in place."""
        with self._lock:
            text = self._text()
            raw = self._parsed(text)
            tables = _channels(raw)
            blocks = _Blocks(text)
            if len(blocks.blocks) != len(tables):
                raise self._too_odd()
            work(blocks, tables)
            changed = blocks.text()
            wanted = {**raw, "channels": tables}
            try:
                found = tomllib.loads(changed)
            except tomllib.TOMLDecodeError as error:
                raise self._too_odd() from error
            if found | {"channels": _channels(found)} != wanted:
                raise self._too_odd()
            if changed != text:
                self._replace(changed)

    def _too_odd(self) -> ConfigRefused:
        return ConfigRefused(
            f"{self.path}: its channels are written in a way that can't be changed from here without harm; "
            "change it by hand and reload"
        )

    def _replace(self, text: str) -> None:
        path = self.path.resolve()  # a link stays a link
        try:
            descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
            new = Path(name)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                    _like(path, descriptor)
                    file.write(text)
                    file.flush()
                    os.fsync(descriptor)
                self._check(new)
                new.replace(path)
            finally:
                new.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigRefused(
                f"{path}: can't be replaced ({error.strerror}); let the daemon's user write to its folder, "
                "or change it by hand and reload (docs/operations.md)"
            ) from error

    def _check(self, new: Path) -> None:
        try:
            load(new)
        except ConfigError as error:
            raise ConfigError(str(error).removeprefix(f"{new}: ")) from error


def version_of(table: Raw) -> str:
    """Return what a channel's settings are known by: the same for the same, another for any other."""
    return hashlib.sha256(json.dumps(table, sort_keys=True, default=str).encode()).hexdigest()[:16]


class _Blocks:
    """The text of a file, cut into what is before the channels, each channel, and whatever lies between and after."""

    def __init__(self, text: str) -> None:
        self.blocks: list[int] = []
        """Which of the parts are channels."""
        self._parts: list[str] = [""]
        comments, inside = "", False
        for line in text.splitlines(keepends=True):
            name = _head(line)
            if name is None and line.lstrip().startswith("#"):
                comments += line  # belongs to the next line, whatever that is
                continue
            if name is not None:
                begins = name == "channels"
                goes_on = inside and name.startswith("channels.")
                if begins or (inside and not goes_on):
                    self._parts.append("")
                if begins:
                    self.blocks.append(len(self._parts) - 1)
                inside = begins or goes_on
            self._parts[-1] += comments + line
            comments = ""
        self._parts[-1] += comments

    def text(self) -> str:
        """Return the whole."""
        return "".join(self._parts)

    def append(self, table: Raw) -> None:
        """Write a new channel after the last one."""
        new = tomlkit.table()
        _merge(new, table)
        array = tomlkit.aot()
        array.append(new)
        document = tomlkit.document()
        document.append("channels", array)
        place = self.blocks[-1] if self.blocks else len(self._parts) - 1
        before = self._parts[place].rstrip()
        after = "\n" if place + 1 < len(self._parts) else ""
        self._parts[place] = (before and before + "\n\n") + tomlkit.dumps(document) + after

    def change(self, number: int, table: Raw) -> None:
        """Make a channel's block say what ``table`` says."""
        place = self.blocks[number]
        text = self._parts[place]
        kept = text.rstrip()
        try:
            document = tomlkit.parse(kept + "\n")
            _merge(document["channels"][0], table)
        except (TOMLKitError, LookupError, TypeError) as error:
            raise ConfigRefused(f"channel '{table.get('name')}' is written in a way that needs a person") from error
        self._parts[place] = tomlkit.dumps(document).rstrip() + (text[len(kept) :] or "\n")

    def remove(self, number: int) -> None:
        """Take a channel's block out with the comment above it; comments that stand alone after it stay."""
        lines = self._parts[self.blocks[number]].splitlines(keepends=True)
        said = max(index for index, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#"))
        alone = "".join(lines[said + 1 :])
        self._parts[self.blocks[number]] = alone.lstrip("\r\n") if alone.strip() else ""


def _head(line: str) -> str | None:
    """Return the name of the table that a line begins; None for any other line."""
    match = _HEADER.match(line.rstrip("\r\n"))
    return None if match is None else re.sub(r"""[\s"']""", "", match["name"])


def _channels(raw: Raw) -> list[dict[str, Any]]:
    found = raw.get("channels", [])
    return [table for table in found if isinstance(table, dict)] if isinstance(found, list) else []


def _find(tables: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    return next((table for table in tables if table.get("name") == name), None)


def _known(tables: list[dict[str, Any]], name: str, version: str | None) -> int:
    """Return which channel it is. Raises ConfigStale: it is another by now, or gone."""
    table = _find(tables, name)
    if table is None:
        raise ConfigStale(f"channel '{name}' is not in the configuration any more")
    if version is not None and version != version_of(table):
        raise ConfigStale(
            f"the settings of channel '{name}' were changed meanwhile; look at them, and change them then"
        )
    return tables.index(table)


def _merge(there: Any, table: Raw) -> None:
    """Make a table of the document say what ``table`` says; what is the same already is not touched."""
    for key in [key for key in there if key not in table]:
        del there[key]
    for key, value in table.items():
        old = there.get(key)
        if isinstance(value, Mapping):
            if not isinstance(old, Table | InlineTable):
                there[key] = tomlkit.inline_table() if isinstance(there, InlineTable) else tomlkit.table()
            _merge(there[key], value)
        elif old is None or _plain(old) != value or type(_plain(old)) is not type(value):
            there[key] = value


def _plain(value: Any) -> Any:
    return value.unwrap() if hasattr(value, "unwrap") else value


def _like(path: Path, descriptor: int) -> None:
    """Give a file the rights and, where that is allowed, the owner of another."""
    found = path.stat()
    with suppress(PermissionError):
        os.fchown(descriptor, found.st_uid, found.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(found.st_mode))
