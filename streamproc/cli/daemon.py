"""``streamproc run`` and ``streamproc doctor``."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from streamproc.config import LogSettings, Settings, load

if TYPE_CHECKING:  # imported late: prometheus_client must not be there before its folder is named
    from streamproc.app.play import Role, Tools


def run_daemon(config: Path, role: str | None, diagnose: Path | None, *, supervised: bool) -> None:
    """Run one role, or all under a supervisor, until SIGTERM or SIGINT. Raises StreamprocError."""
    from streamproc.cli.logs import configure

    settings = load(config)
    configure(settings.log, role or "supervisor", settings.data_dir)
    # prometheus_client reads this when it is imported: from then on the roles share their counters through files.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(settings.data_dir / "metrics")
    if role is None:
        _supervise(settings, config, diagnose)
    else:
        _play(settings, config, role, diagnose, supervised=supervised)


def run_doctor(config: Path | None, *, connect: bool) -> None:
    """Print each finding on a line; end with 1 when one is an error."""
    from streamproc.cli.logs import configure
    from streamproc.doctor import Level, diagnose

    configure(LogSettings(level="error"), "doctor")  # the findings say it all
    findings = diagnose(config, connect=connect)
    for finding in findings:
        typer.echo(f"{finding.level.value:<8}{finding.text}")
    if any(finding.level is Level.ERROR for finding in findings):
        raise typer.Exit(1)


def _supervise(settings: Settings, config: Path, diagnose: Path | None) -> None:
    from streamproc.supervisor import ROLES, supervise

    extra = [] if diagnose is None else ["--diagnose", str(diagnose.absolute())]
    own = [sys.executable, "-m", "streamproc", "run", "--config", str(config.absolute()), "--supervised"]
    commands = {role: [*own, *extra, "--role", role] for role in ROLES}
    asyncio.run(supervise(settings, commands, partial(load, config), watch_signals))


def _play(settings: Settings, config: Path, role: str, diagnose: Path | None, *, supervised: bool) -> None:
    from streamproc.app.play import play

    signals = partial(watch_signals, supervised=supervised)
    make = _role(role, config, supervised=supervised)
    asyncio.run(play(role, make, settings, partial(load, config), signals, diagnose))


def _role(name: str, config: Path, *, supervised: bool) -> "Callable[[Settings, Tools], Role]":
    """Import only what the role needs."""
    if name == "recorder":
        from streamproc.app.recorder import Recorder

        return Recorder
    if name == "analyser":
        from streamproc.app.analyser import Analyser

        return Analyser
    from streamproc.app.web import Web
    from streamproc.config_file import ConfigFile
    from streamproc.web import Keeper

    # The supervisor passes it on to every role; a role that was started alone can only speak for itself.
    whom = os.getppid() if supervised else os.getpid()
    return partial(Web, keeper=Keeper(file=ConfigFile(config), reload=partial(os.kill, whom, signal.SIGHUP)))


def watch_signals(*, supervised: bool = False) -> asyncio.Queue[signal.Signals]:
    """Return a queue of the signals that arrive from now on; the end of a supervisor counts as SIGTERM."""
    queue: asyncio.Queue[signal.Signals] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, queue.put_nowait, number)
    if supervised:
        loop.add_reader(sys.stdin.fileno(), _supervisor_gone, loop, queue)
    return queue


def _supervisor_gone(loop: asyncio.AbstractEventLoop, queue: asyncio.Queue[signal.Signals]) -> None:
    if not os.read(sys.stdin.fileno(), 1):
        loop.remove_reader(sys.stdin.fileno())
        queue.put_nowait(signal.SIGTERM)
