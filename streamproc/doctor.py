"""Says in words what is missing or misconfigured, before the daemon finds out by itself.

Nothing here changes anything: the data folder isn't made, the catalogue isn't migrated (a copy of it is), and feeds,
targets and webhooks are only asked when ``connect`` is set. Each check is a function that yields its findings; a
finding that is no ``ok`` says what to do.
"""

import asyncio
import contextlib
import enum
import fcntl
import os
import resource
import socket
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from streamproc.catalogue.store import Catalogue
from streamproc.config import ChannelSettings, Settings, TargetSettings, WebhookSettings, load
from streamproc.errors import CatalogueError, ConfigError, DeliveryError, ModelError, SourceError
from streamproc.media import capabilities
from streamproc.stages.notify import Post, Refused, ping
from streamproc.storage import check_target, open_target
from streamproc.timebase import SystemClock

if TYPE_CHECKING:
    from streamproc.inference.session import LogoModel

PYTHONS = ((3, 11), (3, 12))
NETWORK_FILESYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse.s3fs", "fuse.rclone"}
)
FILES_BASE = 256
"""File descriptors that the daemon needs without any channel, generously."""
FILES_A_CHANNEL = 32
DEFAULT_PORTS = {"rtmp": 1935, "rtmps": 443, "rtmpt": 80, "http": 80, "https": 443}
_EARLIEST_S = 1_767_225_600
"""2026-01-01: no clock that is right shows an earlier time."""


class Level(enum.StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    """``error``: the daemon will not do its work like this."""
    text: str
    """One line: what was found and, unless it is fine, what to do. Never holds a stream key."""


def diagnose(config: Path | None, *, connect: bool = False, environ: Mapping[str, str] = os.environ) -> list[Finding]:
    """Look at this machine and, when ``config`` names a file, at everything that it says.

    connect: also try to reach each channel's feed, which takes up to ``connect_timeout_s`` a channel; write a small
    file to each target and delete it again; and post an event of the type ``ping`` to each webhook.
    """
    found = [*_python(), *_ffmpeg(), *_opencv(), *_onnxruntime(), *_clock()]
    if config is None:
        return found
    try:
        settings = load(config, environ)
    except ConfigError as error:
        return [*found, Finding(Level.ERROR, str(error))]
    found.append(Finding(Level.OK, f"{config}: valid; {_count(len(settings.channels), 'channel')}"))
    if not settings.channels:
        found.append(Finding(Level.WARNING, f"{config}: names no channel; add a [[channels]] table"))
    running = _is_running(settings.data_dir)
    found += [*_files(settings), *_folders(settings), *_catalogue(settings)]
    if running:
        found.append(Finding(Level.OK, f"{settings.data_dir}: a streamproc works on this folder right now"))
    else:
        found += _web_port(settings)
    for channel in settings.channels:
        found += [*_model(channel, settings), *_source(channel, running=running, connect=connect)]
    found += [_target(target, environ, connect=connect) for target in settings.targets]
    found += [_webhook(webhook, environ, connect=connect) for webhook in settings.webhooks]
    return found


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


# The machine


def _python() -> Iterator[Finding]:
    shown = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] in PYTHONS:
        yield Finding(Level.OK, f"Python {shown}")
    else:
        yield Finding(Level.ERROR, f"Python {shown} is not supported; install streamproc under Python 3.11 or 3.12")


def _ffmpeg() -> Iterator[Finding]:
    missing = capabilities.missing()
    if missing:
        yield Finding(
            Level.ERROR,
            f"{capabilities.versions()} lacks {', '.join(missing)}; "
            "install av from its wheel: pip install --force-reinstall --only-binary av av",
        )
    else:
        yield Finding(Level.OK, f"{capabilities.versions()}: every codec, format and protocol that is needed is there")


def _opencv() -> Iterator[Finding]:
    try:
        module = import_module("cv2")
    except ImportError as error:
        yield Finding(
            Level.ERROR,
            f"OpenCV can't be loaded ({error}); apt-get install -y --no-install-recommends libgl1 libglib2.0-0",
        )
    else:
        yield Finding(Level.OK, f"OpenCV {module.__version__}")


def _onnxruntime() -> Iterator[Finding]:
    installed = {}
    for name in ("onnxruntime", "onnxruntime-gpu"):
        with contextlib.suppress(PackageNotFoundError):
            installed[name] = version(name)
    if len(installed) == 2:
        yield Finding(
            Level.ERROR,
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each other; "
            "pip uninstall -y onnxruntime onnxruntime-gpu && pip install onnxruntime-gpu",
        )
    elif not installed:
        yield Finding(Level.ERROR, "onnxruntime is not installed; pip install onnxruntime-gpu")
    else:
        ((name, number),) = installed.items()
        yield Finding(Level.OK, f"{name} {number}")


def _clock() -> Iterator[Finding]:
    now_s = time.time()
    shown = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now_s))
    if now_s < _EARLIEST_S:
        yield Finding(Level.ERROR, f"the clock shows {shown}, which can't be right; set it and keep it by NTP")
    else:
        yield Finding(Level.OK, f"the clock shows {shown}")


def _files(settings: Settings) -> Iterator[Finding]:
    needed = FILES_BASE + FILES_A_CHANNEL * len(settings.channels)
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != resource.RLIM_INFINITY and limit < needed:
        yield Finding(
            Level.WARNING,
            f"a process may open {limit} files; {_count(len(settings.channels), 'channel')} may need {needed}: "
            "raise it with LimitNOFILE= in the unit, or ulimit -n",
        )
    else:
        yield Finding(Level.OK, f"a process may open {'any number of' if limit < 0 else limit} files")


# Folders


def _folders(settings: Settings) -> Iterator[Finding]:
    yield from _folder("data_dir", settings.data_dir)
    if settings.clips_dir is not None:
        yield from _folder("clips_dir", settings.clips_dir)
    place = _nearest(settings.data_dir)
    yield from _free_space(place, max((c.retention.min_free_bytes for c in settings.channels), default=0))
    yield from _filesystem(place)
    newest_s = max((path.stat().st_mtime for path in settings.recording_dir.glob("*/index.sqlite")), default=0.0)
    if newest_s > time.time() + 5:
        yield Finding(
            Level.WARNING,
            f"{settings.recording_dir}: was written {newest_s - time.time():.0f} s in the future; "
            "the clock went back: keep it by NTP",
        )


def _nearest(path: Path) -> Path:
    """Return the path itself, or the nearest folder above it that exists."""
    return next(place for place in (path, *path.parents) if place.exists())


def _folder(key: str, path: Path) -> Iterator[Finding]:
    place = _nearest(path)
    if not place.is_dir():
        yield Finding(Level.ERROR, f"{key} {path}: {place} is a file; name a folder")
        return
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        yield Finding(
            Level.ERROR,
            f"{key} {path}: {place} can't be written to ({error.strerror}); give it to this user, or name another",
        )
        return
    yield Finding(Level.OK, f"{key} {path}: {'can be written to' if place == path else 'will be made'}")


def _free_space(place: Path, floor_bytes: int) -> Iterator[Finding]:
    status = os.statvfs(place)
    free_bytes = status.f_bavail * status.f_frsize
    text = f"{place}: {free_bytes / 1e9:.1f} GB free"
    if free_bytes <= floor_bytes:
        yield Finding(
            Level.ERROR,
            f"{text}, but retention keeps {floor_bytes / 1e9:.1f} GB free (retention.min_free_bytes): "
            "nothing would stay recorded; free space, or name another data_dir",
        )
    elif free_bytes < 2 * floor_bytes:
        yield Finding(
            Level.WARNING,
            f"{text}; retention keeps {floor_bytes / 1e9:.1f} GB of it: there is room for little recording",
        )
    else:
        yield Finding(Level.OK, text)


def _filesystem(place: Path) -> Iterator[Finding]:
    kind = _filesystem_kind(place)
    if kind in NETWORK_FILESYSTEMS:
        yield Finding(
            Level.WARNING,
            f"{place}: is on a network file system ({kind}), where SQLite's locks can't be relied on; "
            "name a data_dir on a local disk, and clips_dir on the network if you like",
        )
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        yield Finding(
            Level.ERROR, f"{place}: files there can't be locked ({error.strerror}); name a data_dir on a local disk"
        )


def _filesystem_kind(place: Path) -> str:
    """Return the type of the file system that holds a folder, as /proc/mounts names it; "" where that is not known."""
    try:
        lines = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    mounts = {Path(fields[1].replace("\\040", " ")): fields[2] for fields in map(str.split, lines)}
    real = place.resolve()
    return next((mounts[folder] for folder in (real, *real.parents) if folder in mounts), "")


def _is_running(data_dir: Path) -> bool:
    """Tell whether a daemon, or a role run alone, holds a lock in the data folder; leaves nothing behind."""
    return any(_is_held(path) for path in data_dir.glob("*lock"))


def _is_held(lock: Path) -> bool:
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


# The catalogue


def _catalogue(settings: Settings) -> Iterator[Finding]:
    try:
        url = make_url(settings.database_url)
    except ArgumentError:
        yield Finding(
            Level.ERROR,
            "catalogue_url is not an address; write sqlite:////folder/file or postgresql://user@host/database",
        )
        return
    if url.get_backend_name() == "sqlite":
        yield from _sqlite(Path(url.database or ""), settings)
    else:
        shown = f"catalogue {url.render_as_string(hide_password=True)}"
        yield _reachable(shown, url.host or "localhost", url.port or 5432)
        yield from _way_in(settings, None)


def _sqlite(path: Path, settings: Settings) -> Iterator[Finding]:
    """Migrate a copy, so that a catalogue that an older or newer program wrote stays as it is."""
    if not path.exists():
        yield Finding(Level.OK, f"catalogue {path}: will be made")
        yield from _way_in(settings, has_users=False)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.sqlite"
        try:
            with (
                contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source,
                contextlib.closing(sqlite3.connect(copy)) as target,
            ):
                source.backup(target)
            opened = Catalogue.open(f"sqlite:///{copy}", clock=SystemClock())
            has_users = opened.people.exist()
            opened.close()
        except (sqlite3.Error, CatalogueError) as error:
            yield Finding(
                Level.ERROR,
                f"catalogue {path}: can't be opened ({str(error).replace(str(copy), path.name)}); "
                "put a backup in its place, or move it away to begin a new one",
            )
            return
    yield Finding(Level.OK, f"catalogue {path}: opens")
    yield from _way_in(settings, has_users)


# The network


def _reachable(what: str, host: str, port: int, timeout_s: float = 3.0) -> Finding:
    try:
        with socket.create_connection((host, port), timeout=timeout_s):
            return Finding(Level.OK, f"{what}: {host}:{port} answers")
    except OSError as error:
        reason = error.strerror or str(error)
        return Finding(
            Level.ERROR, f"{what}: {host}:{port} can't be reached ({reason}); check the address and the firewall"
        )


def _bindable(what: str, host: str, port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> Finding:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=kind, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return Finding(
            Level.ERROR, f"{what}: can't listen on {host}:{port} ({error.strerror}); take another, or stop its user"
        )
    return Finding(Level.OK, f"{what}: {host}:{port} is free")


def _web_port(settings: Settings) -> Iterator[Finding]:
    yield _bindable("web", settings.web.host, settings.web.port)


def _way_in(settings: Settings, has_users: bool | None) -> Iterator[Finding]:
    """has_users: None when that can't be looked up without touching the catalogue."""
    host = settings.web.host
    if has_users or host in {"127.0.0.1", "::1", "localhost"} or settings.web.auth.vouches:
        return
    if has_users is None:
        yield Finding(Level.WARNING, f"web: {host} lets the network in; the page starts only when there are users")
        return
    yield Finding(
        Level.ERROR,
        f"web: {host} lets the network in, and there are no users, so the page will not start; add one with "
        'streamproc users add NAME --role admin, or set web.host = "127.0.0.1"',
    )


# The channels


def _model(channel: ChannelSettings, settings: Settings) -> Iterator[Finding]:
    what = f"channel '{channel.name}'"
    if not channel.is_watched:
        yield Finding(Level.WARNING, f"{what}: has no model and is only recorded; make one with streamproc logo learn")
        return
    try:
        model = _loaded(channel, settings)
    except ModelError as error:
        yield Finding(Level.ERROR, f"{what}: {error}")
        return
    except ImportError:  # of OpenCV or onnxruntime, which have findings of their own
        return
    if settings.inference.provider == "cuda" and "CUDA" not in model.provider:
        yield Finding(
            Level.WARNING,
            f"{what}: inference.provider is cuda, but {model.provider} runs the model; "
            "install a driver and pip install 'streamproc[gpu]', or set it to cpu",
        )
    else:
        yield Finding(Level.OK, f"{what}: model {model.card.name} loads and runs on {model.provider}")
    if channel.inspect.enabled:
        yield _inspector(what, settings)


def _inspector(what: str, settings: Settings) -> Finding:
    """Load the network that looks for paint; without it the channel goes on."""
    from streamproc.inference.forensics import Residual
    from streamproc.inference.verifier import shipped_model

    try:
        folder = settings.inference.forensics or shipped_model("residual")
        return Finding(Level.OK, f"{what}: {Residual.load(folder).card.name} loads, and looks for paint")
    except ModelError as error:
        return Finding(Level.WARNING, f"{what}: paint is not looked for: {error}")


def _loaded(channel: ChannelSettings, settings: Settings) -> "LogoModel":
    """Load the channel's model, or the verifier with its logo. Raises ModelError, ImportError."""
    from streamproc.inference.card import regions
    from streamproc.inference.session import LogoModel
    from streamproc.inference.verifier import VerifierPool

    if channel.model is not None:
        return LogoModel.load(channel.model, provider=settings.inference.provider)
    assert channel.logo is not None
    assert channel.region is not None
    pool = VerifierPool(settings.inference.verifier, provider=settings.inference.provider)
    return pool.get(channel.logo, regions(channel.region))


def _source(channel: ChannelSettings, *, running: bool, connect: bool) -> Iterator[Finding]:
    what = f"channel '{channel.name}'"
    if channel.listen is not None:
        address = urlsplit(channel.listen)
        if not running:
            kind = socket.SOCK_DGRAM if address.scheme == "udp" else socket.SOCK_STREAM
            port = address.port or DEFAULT_PORTS.get(address.scheme, 0)
            yield _bindable(what, address.hostname or "0.0.0.0", port, kind)
        return
    url = channel.url or ""
    address = urlsplit(url)
    if address.scheme in {"", "file"}:
        path = Path(address.path if address.scheme else url)
        if path.exists():
            yield Finding(Level.OK, f"{what}: {path} is there")
        else:
            yield Finding(Level.ERROR, f"{what}: {path} is not there; check the channel's url")
    elif connect:
        yield _connect(channel, url)
    elif address.hostname:
        yield _resolvable(what, address.hostname)


def _resolvable(what: str, host: str) -> Finding:
    try:
        socket.getaddrinfo(host, None)
    except OSError as error:
        return Finding(
            Level.ERROR, f"{what}: nobody knows the host {host} ({error.strerror}); check the address and DNS"
        )
    return Finding(Level.OK, f"{what}: the host {host} is known (--connect tries the feed itself)")


def _connect(channel: ChannelSettings, url: str) -> Finding:
    from streamproc.media.source import open_source

    ingest = channel.ingest
    try:
        source = open_source(url, connect_timeout_s=ingest.connect_timeout_s, stall_timeout_s=ingest.stall_timeout_s)
    except SourceError as error:
        return Finding(Level.ERROR, f"channel '{channel.name}': {error}")
    try:
        video = source.video.codec_context
        audio = "no sound" if source.audio is None else source.audio.codec_context.name
        return Finding(
            Level.OK, f"channel '{channel.name}': sends {video.name} {video.width}×{video.height} and {audio}"
        )
    finally:
        source.close()


# What leaves the house


def _target(target: TargetSettings, environ: Mapping[str, str], *, connect: bool) -> Finding:
    what = f"target '{target.name}'"
    try:
        check_target(target, environ)
        if not connect:
            return Finding(Level.OK, f"{what}: all is there that it needs (--connect writes a small file to it)")
        opened = open_target(target, environ)
        try:
            trouble = opened.probe()
        finally:
            opened.close()
    except DeliveryError as error:
        return Finding(Level.ERROR, str(error))
    if trouble is not None:
        return Finding(Level.WARNING, f"{what}: can be written to, but {trouble}")
    return Finding(Level.OK, f"{what}: can be written to, and a small file deleted again")


def _webhook(webhook: WebhookSettings, environ: Mapping[str, str], *, connect: bool) -> Finding:
    what = f"webhook '{webhook.name}'"
    try:
        if not connect:
            Post(webhook, environ)
            return Finding(Level.OK, f"{what}: its secret is there (--connect posts a ping to it)")
        asyncio.run(ping(webhook, environ, time.time_ns()))
    except ConfigError as error:
        return Finding(Level.ERROR, str(error))
    except Refused as refusal:
        return Finding(Level.ERROR, f"{what}: {refusal}; check its url, and that it has the same secret")
    return Finding(Level.OK, f"{what}: takes a signed ping")
