"""What all roles have in common: a lock, channels that follow the configuration, signals."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry

from streamproc.config import ChannelSettings, Settings
from streamproc.errors import ConfigError, StreamprocError
from streamproc.stage import Stage, Stages
from streamproc.supervisor import FolderLock
from streamproc.telemetry import Telemetry
from streamproc.timebase import Clock, SystemClock

log = structlog.get_logger()

STOP_TIMEOUT_S = 7.0
"""A role ends at the latest so long after it was told to."""
EX_SOFTWARE = 70
TAKE_OVER_S = 15.0
"""A role waits so long for its predecessor, whose supervisor was killed, to close its files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What every role is given."""

    telemetry: Telemetry
    """Where it counts."""
    clock: Clock
    """Where it reads the time."""
    diagnose: Path | None
    """Where classified samples are kept, if they are."""


class Role(Protocol):
    """One of the daemon's processes."""

    settings: Settings
    """What the configuration says now; replaced when it is read again."""

    def common(self) -> Mapping[str, Stage]:
        """Return the stages that serve all channels."""
        ...

    def channel(self, settings: ChannelSettings) -> Mapping[str, Stage]:
        """Return the stages of one channel. Raises StreamprocError when it can't be worked on."""
        ...

    def material(self, settings: ChannelSettings) -> str | None:
        """Return what tells whether the files that a channel's stages are made from have changed; None for no files."""
        ...

    def close(self) -> None:
        """Let go of everything, when all stages have stopped."""
        ...


async def play(
    name: str,
    make_role: Callable[[Settings, Tools], Role],
    settings: Settings,
    reload: Callable[[], Settings],
    signals: Callable[[], asyncio.Queue[signal.Signals]],
    diagnose: Path | None,
) -> None:
    """Play a role on a data folder until SIGTERM or SIGINT; SIGHUP reads the configuration again.

    Raises InstanceError when another process plays it there, ConfigError and CatalogueError when it can't start.
    """
    async with FolderLock(settings.data_dir / f"{name}.lock", wait_s=TAKE_OVER_S):
        (settings.data_dir / "metrics").mkdir(exist_ok=True)
        tools = Tools(telemetry=Telemetry(CollectorRegistry()), clock=SystemClock(), diagnose=diagnose)
        role = make_role(settings, tools)
        try:
            async with asyncio.TaskGroup() as group:
                stages = Stages(group, tools.telemetry, tools.clock)
                for title, stage in role.common().items():
                    stages.start(title, stage)
                await _follow(role, stages, reload, signals())
                log.info("role.stopping")
                end_soon()
                await stages.stop_where(lambda _: True)
        finally:
            role.close()
    log.info("role.stopped")


def end_soon() -> None:
    """See to it that this process ends, whatever hangs: a role without a supervisor has nobody to kill it.

    What is lost by ending hard is what a kill loses, and the next start mends that.
    """
    timer = threading.Timer(STOP_TIMEOUT_S, os._exit, (EX_SOFTWARE,))
    timer.daemon = True
    timer.start()


async def _follow(
    role: Role, stages: Stages, reload: Callable[[], Settings], signals: asyncio.Queue[signal.Signals]
) -> None:
    """Keep the channels' stages as the configuration says, until told to stop."""
    running: dict[str, tuple[ChannelSettings, str | None]] = {}
    while True:
        enabled = [channel for channel in role.settings.channels if channel.enabled]
        wanted = {channel.name: (channel, role.material(channel)) for channel in enabled}
        for name in [name for name in running if running[name] != wanted.get(name)]:
            await stages.stop_where(partial(_belongs, name))
            del running[name]
        for name in wanted.keys() - running.keys():
            running[name] = wanted[name]
            _start(role, stages, wanted[name][0])
        if await signals.get() is not signal.SIGHUP:
            return
        try:
            role.settings = reload()
        except ConfigError as error:
            log.error("config.refused", error=str(error), running="with the former one")


def _belongs(channel: str, title: str) -> bool:
    return title.startswith(f"{channel}.")


def _start(role: Role, stages: Stages, channel: ChannelSettings) -> None:
    """Start a channel's stages. What is wrong with one channel must not keep the others from running."""
    try:
        for title, stage in role.channel(channel).items():
            stages.start(f"{channel.name}.{title}", stage)
    except StreamprocError as error:
        log.error("channel.failed", channel=channel.name, kind=type(error).__name__, error=str(error))
