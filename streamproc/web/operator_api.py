"""The handler of the operator's data: roles, channels, disks, queues, and what went wrong, in words."""

import asyncio
import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, TypeAlias

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from streamproc.config import ChannelSettings, Settings
from streamproc.errors import RecordingError
from streamproc.last_errors import last_errors
from streamproc.media.recording.reader import RecordingFootage
from streamproc.timebase import NS, iso_utc, to_ns
from streamproc.web.answers import Words
from streamproc.web.api import json_answer
from streamproc.web.engine_answers import ChannelState, Disk, LoggedError, Operations, QueueState, RoleState
from streamproc.web.log_words import ALARMS, MEANINGS
from streamproc.web.operations import METRICS_DIR
from streamproc.web.queries import Query, parse
from streamproc.web.services import SERVICES, Services

LAST_ERRORS: Final = 300
"""So many lines of the log are looked at."""
SHOWN_ERRORS: Final = 50
"""So many different ones are shown."""
_UP: Final = "streamproc_role_up"
_RATE_S: Final = Fraction(3600)
_BARE: Final = frozenset({"ts", "level", "process", "event", "channel", "error", "again_in_s", "restart_in_s"})

Gauges: TypeAlias = Mapping[tuple[str, str], float]
"""The value of a metric by its name and its only label."""


async def operations(request: web.Request) -> web.Response:
    """How the daemon is doing."""
    parse(Query, request)
    return json_answer(await asyncio.to_thread(_operations, request.app[SERVICES]))


def _operations(services: Services) -> Operations:
    gauges = _gauges(services.telemetry.registry)
    waiting = services.catalogue.reviews.counts()
    channels = [_channel(services, channel, gauges, waiting) for channel in services.settings.channels]
    return Operations(
        now_utc=iso_utc(services.clock.utc_ns()),
        version=version("streamproc"),
        ready=bool(channels) and all(channel.health.ready for channel in channels),
        roles=[_role(name, gauges) for metric, name in sorted(gauges) if metric == _UP],
        channels=channels,
        disks=_disks(services, channels),
        queues=[
            QueueState(
                name=row.name,
                waiting=row.waiting,
                working=row.working,
                failed=row.failed,
                oldest_utc=None if row.oldest_ns is None else iso_utc(row.oldest_ns),
            )
            for row in services.catalogue.queues.all()
        ],
        errors=_errors(last_errors(services.settings.data_dir, LAST_ERRORS)),
    )


def _gauges(registry: CollectorRegistry) -> Gauges:
    """Return what the roles count, of all processes where there are several."""
    folder = os.environ.get(METRICS_DIR)
    if folder is not None and Path(folder).is_dir():
        registry = CollectorRegistry()
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    return {
        (sample.name, next(iter(sample.labels.values()))): sample.value
        for family in registry.collect()
        for sample in family.samples
        if len(sample.labels) == 1
    }


def _role(name: str, gauges: Gauges) -> RoleState:
    restarts = gauges.get(("streamproc_role_restarts_total", name), 0.0)
    return RoleState(name=name, up=gauges[_UP, name] == 1, restarts=int(restarts))


def _channel(services: Services, channel: ChannelSettings, gauges: Gauges, waiting: Mapping[str, int]) -> ChannelState:
    footage = RecordingFootage(services.settings.recording_dir / channel.name)
    try:
        rate, oldest_ns = _recorded(footage, services.clock.utc_ns())
    except RecordingError:
        rate, oldest_ns = None, None
    size = gauges.get(("streamproc_recording_bytes", channel.name))
    alarm = services.catalogue.standing_alarm(channel.name)
    return ChannelState(
        name=channel.name,
        title=channel.display_title,
        health=services.health.channel(channel.name),
        rate_bytes_s=rate,
        recording_bytes=None if size is None else int(size),
        oldest_utc=None if oldest_ns is None else iso_utc(oldest_ns),
        reviews=waiting.get(channel.name, 0),
        alarm=None if alarm is None else ALARMS[alarm.kind],
    )


def _recorded(footage: RecordingFootage, now_ns: int) -> tuple[float | None, int | None]:
    """Return how many bytes a second were recorded in the last hour, and where the recording begins, wall time."""
    epochs = footage.epochs()
    if not epochs:
        return None, None
    size, length = 0, Fraction(0)
    for epoch in reversed(epochs):
        age_s = Fraction(now_ns - epoch.utc_zero_ns, NS)
        start, end = max(Fraction(0), age_s - _RATE_S), epoch.end()
        if end <= start:
            break
        size += epoch.bytes_after(start)
        length += end - start
    first = epochs[0]
    return (float(size / length) if length else None), first.utc_zero_ns + to_ns(first.begins())


def _disks(services: Services, channels: Sequence[ChannelState]) -> list[Disk]:
    settings = services.settings
    places = {"recording": settings.recording_dir, "clips": settings.clip_dir, "data": settings.data_dir}
    held: dict[int, list[str]] = defaultdict(list)
    for what, path in places.items():
        held[_there(path).stat().st_dev].append(what)
    return [
        _disk(_there(places[holds[0]]), holds, _need(settings, channels if "recording" in holds else ()))
        for holds in held.values()
    ]


@dataclass(frozen=True, slots=True)
class _Need:
    """What recording asks of a disk."""

    keep_free_bytes: int
    """Space that retention keeps free."""
    rate_bytes_s: float
    """What is added in a second."""
    wanted_bytes: int | None
    """What there will be of it when the oldest is deleted for its age; None where it is never."""
    recorded_bytes: int
    """What there is of it."""


def _need(settings: Settings, channels: Sequence[ChannelState]) -> _Need:
    rates = {channel.name: channel.rate_bytes_s or 0.0 for channel in channels}
    kept = [(rates[one.name], one.retention.max_age_h) for one in settings.channels if one.name in rates]
    endless = any(age is None for _, age in kept)
    return _Need(
        keep_free_bytes=max((one.retention.min_free_bytes for one in settings.channels), default=0),
        rate_bytes_s=sum(rates.values()),
        wanted_bytes=None if endless else round(sum(rate * (age or 0) * 3600 for rate, age in kept)),
        recorded_bytes=sum(channel.recording_bytes or 0 for channel in channels),
    )


def _disk(path: Path, holds: list[str], need: _Need) -> Disk:
    usage = shutil.disk_usage(path)
    room = usage.free - need.keep_free_bytes
    room_s = max(0, room) / need.rate_bytes_s if need.rate_bytes_s else None
    more = None if need.wanted_bytes is None else need.wanted_bytes - need.recorded_bytes
    return Disk(
        holds=holds,
        free_bytes=usage.free,
        total_bytes=usage.total,
        keep_free_bytes=need.keep_free_bytes,
        room_s=room_s,
        wanted_bytes=need.wanted_bytes,
        message=_lasting(room, room_s, more),
    )


def _lasting(room: int, room_s: float | None, more: int | None) -> Words:
    """Say how long a disk lasts. room: bytes that may still be written; more: bytes that recording will still want."""
    if room <= 0:
        return Words(
            en="Less is free than retention keeps free: the oldest recording is being deleted. See what else fills it.",
            ru="Свободно меньше, чем должно оставаться: удаляются самые старые записи. Проверьте, чем ещё занят диск.",
        )
    if room_s is None:
        return Words(en="Nothing is recorded to it at the moment.", ru="Сейчас на него ничего не записывается.")
    if more is not None and more <= room:
        return Words(
            en="There is room for all that retention keeps: old recording goes by its age before space runs out.",
            ru="Места хватит на весь срок хранения: старые записи удаляются по возрасту раньше, чем кончится место.",
        )
    hours = room_s / 3600
    return Words(
        en=f"At the present rate there is room for {hours:.0f} h more; then the oldest recording is deleted.",
        ru=f"При нынешней скорости места хватит ещё на {hours:.0f} ч; затем удаляются самые старые записи.",
    )


def _there(path: Path) -> Path:
    """Return a folder, or the nearest one above it that there is."""
    while not path.exists():
        path = path.parent
    return path


def _errors(events: Iterable[Mapping[str, Any]]) -> list[LoggedError]:
    """Show what the log says, newest first; the same said again is counted."""
    said: dict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for event in events:
        said[str(event["event"]), str(event.get("channel", "")), _message(event)].append(event)
    return [_error(message, lines) for (_, _, message), lines in list(said.items())[:SHOWN_ERRORS]]


def _error(message: str, lines: Sequence[Mapping[str, Any]]) -> LoggedError:
    newest, oldest = lines[0], lines[-1]
    channel = newest.get("channel")
    return LoggedError(
        event=str(newest["event"]),
        level=str(newest.get("level", "error")),
        process=str(newest.get("process", "")),
        channel=None if channel is None else str(channel),
        message=message,
        meaning=MEANINGS.get(str(newest["event"])),
        count=len(lines),
        first_utc=str(oldest["ts"]),
        last_utc=str(newest["ts"]),
    )


def _message(event: Mapping[str, Any]) -> str:
    """Return what was said: the error in words, or what else stands in the line."""
    if "error" in event:
        return str(event["error"])
    return ", ".join(f"{key} {value}" for key, value in event.items() if key not in _BARE)
