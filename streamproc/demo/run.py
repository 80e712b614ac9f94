"""``make demo``: draws a broadcast, sends it live to a daemon of its own, and shows what becomes of it."""

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import sys
import time
import webbrowser
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console

import streamproc
from streamproc.catalogue import Catalogue
from streamproc.demo.broadcast import Broadcast
from streamproc.demo.children import child, tail
from streamproc.demo.report import (
    TOLERANCE,
    Found,
    boundary_table,
    clip_table,
    compare,
    is_settled,
    read_found,
    timecode,
)
from streamproc.demo.watch import Commentary
from streamproc.errors import ConfigError, InstanceError, SourceLost
from streamproc.timebase import SystemClock

CHANNEL = "demo"
_MARK = "# Written by `streamproc demo`, which empties this folder whenever it starts.\n"
_START_S = 60.0
_SETTLE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one demo does."""

    folder: Path
    model: Path
    rtmp: str
    page: str
    seed: int
    breaks: int
    once: bool

    @property
    def config(self) -> Path:
        return self.folder / "streamproc.toml"

    @property
    def log(self) -> Path:
        return self.folder / "streamproc.log"

    @property
    def catalogue(self) -> Path:
        return self.folder / "data" / "catalogue.sqlite"


@dataclass(slots=True)
class _Sent:
    """What the publisher said."""

    frames: dict[int, int] = field(default_factory=dict)
    """Wall time in ns at which a frame was sent."""
    ended: bool = False


def main(*, once: bool = False, folder: Path | None = None, seed: int = 1, breaks: int = 3) -> int:
    """Run the demo; return its exit code.

    once: end by itself; the code is 1 when a boundary is missing, false, or more than 1 s off, or a clip is missing.
    Otherwise the page stays up until Ctrl-C. Raises StreamprocError.
    """
    console = Console()
    console.print("[bold]streamproc demo[/]: draws a broadcast, sends it live, and finds its programmes and breaks.")
    folder = (folder or Path(".demo")).absolute()
    rtmp_port, web_port = _free_ports(2)
    plan = Plan(
        folder=folder,
        model=_model(),
        rtmp=f"rtmp://127.0.0.1:{rtmp_port}/live/demo",
        page=f"http://127.0.0.1:{web_port}/",
        seed=seed,
        breaks=breaks,
        once=once,
    )
    prepare(plan)
    try:
        return asyncio.run(_run(plan, console))
    except asyncio.CancelledError:
        return 0


def _model() -> Path:
    model = Path(streamproc.__file__).resolve().parent.parent / "models" / "demo"
    if not model.is_dir():
        raise ConfigError(f"{model}: the demo's model is missing; run the demo in a checkout of the project")
    return model


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def prepare(plan: Plan) -> None:
    """Make an empty folder with a configuration. Raises ConfigError when the folder holds other people's files."""
    try:
        if plan.folder.exists() and any(plan.folder.iterdir()):
            _empty(plan)
        (plan.folder / "data").mkdir(parents=True)
        plan.config.write_text(_MARK + _toml(plan), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{plan.folder}: {error.strerror}; give a folder that can be written to") from error


def _empty(plan: Plan) -> None:
    if not plan.config.is_file() or not plan.config.read_text(encoding="utf-8").startswith(_MARK):
        raise ConfigError(f"{plan.folder}: is not empty and not of an earlier demo; give another folder")
    lock = plan.folder / "data" / "lock"
    if lock.exists():
        with lock.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InstanceError(
                    f"{plan.folder}: another demo runs in it; stop it, or give another folder"
                ) from error
    shutil.rmtree(plan.folder)


def _toml(plan: Plan) -> str:
    port = plan.page.rstrip("/").rpartition(":")[2]
    return (
        f'data_dir = "data"\n\n[web]\nport = {port}\n\n'
        f'[[channels]]\nname = "{CHANNEL}"\ntitle = "SP Demo"\n'
        f"listen = {json.dumps(plan.rtmp)}\nmodel = {json.dumps(str(plan.model))}\n"
        "[channels.retention]\nmin_free_bytes = 0\n"
        "[channels.clips]\nmin_confidence = 0.9\n"  # one of its joints is hard on purpose: 0.96 sure
    )


async def _run(plan: Plan, console: Console) -> int:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    daemon_command = [sys.executable, "-m", "streamproc", "run", "--config", str(plan.config)]
    with plan.log.open("wb") as log:
        async with child(daemon_command, stdout=log, stderr=log) as daemon, aiohttp.ClientSession(plan.page) as web:
            dead = asyncio.create_task(_death(daemon, plan))
            try:
                return await _first(dead, asyncio.create_task(_show(plan, web, console)))
            finally:
                dead.cancel()


async def _first(dead: asyncio.Task[None], shown: asyncio.Task[int]) -> int:
    """Return what ``shown`` returns, or raise what ``dead`` raises, whichever comes first."""
    try:
        await asyncio.wait((dead, shown), return_when=asyncio.FIRST_COMPLETED)
        if dead.done():
            dead.result()
        return await shown
    finally:
        shown.cancel()
        await asyncio.wait((shown,))


async def _death(daemon: asyncio.subprocess.Process, plan: Plan) -> None:
    code = await daemon.wait()
    raise SourceLost(f"the daemon ended with code {code}; {plan.log} says why:\n{tail(plan.log)}")


async def _show(plan: Plan, web: aiohttp.ClientSession, console: Console) -> int:
    broadcast = Broadcast(plan.seed, plan.breaks)
    minutes, seconds = divmod(broadcast.frame_count // int(broadcast.rate), 60)
    sent = _Sent()
    await _until_alive(web)
    console.print(f"The page: [link={plan.page}]{plan.page}[/link]   files: {plan.folder}")
    _open_browser(plan)
    console.print(
        f"On air for {minutes} min {seconds:02d} s: {len(broadcast.truth)} programmes and breaks, 720p, live by RTMP."
    )
    command = [sys.executable, "-m", "streamproc.demo.publish", plan.rtmp]
    command += ["--seed", str(plan.seed), "--breaks", str(plan.breaks)]
    async with asyncio.TaskGroup() as group:
        commentary = Commentary(console, broadcast)
        listening = group.create_task(commentary.listen(web))
        async with child(command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL) as publisher:
            await _follow(publisher, sent, commentary)
        code = await _conclude(plan, broadcast, sent, console)
        listening.cancel()
    if plan.once:
        return code
    console.print(f"The page stays up until you press Ctrl-C: {plan.page}")
    await asyncio.Event().wait()
    return code


async def _until_alive(web: aiohttp.ClientSession) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        with contextlib.suppress(aiohttp.ClientError):
            async with web.get("/healthz") as answer:
                if answer.status == 200:
                    return
        if time.monotonic() > deadline:
            raise SourceLost(f"the daemon did not come up within {_START_S:.0f} s")
        await asyncio.sleep(0.1)


def _open_browser(plan: Plan) -> None:
    has_display = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if has_display and not plan.once:
        webbrowser.open(plan.page)


async def _follow(publisher: asyncio.subprocess.Process, sent: _Sent, commentary: Commentary) -> None:
    """Take note of what the publisher says until it ends. Raises SourceLost when it had to give up."""
    assert publisher.stdout is not None
    async for line in publisher.stdout:
        message: dict[str, Any] = json.loads(line)
        match message["event"]:
            case "sent":
                sent.frames[message["frame"]] = message["utc_ns"]
                commentary.sent(message["frame"], message["utc_ns"])
            case "lost":
                raise SourceLost(f"the broadcast could not be sent: {message['message']}")
            case "ended":
                sent.ended = True
    if not sent.ended:
        raise SourceLost("the process that sends the broadcast died")


async def _conclude(plan: Plan, broadcast: Broadcast, sent: _Sent, console: Console) -> int:
    """Wait until everything is final and print the tables; return the exit code."""
    console.print("The broadcast is over; waiting for the last marks and clips.")
    catalogue = await asyncio.to_thread(Catalogue.open, f"sqlite:///{plan.catalogue}", clock=SystemClock())
    try:
        await _until_settled(catalogue)
        boundaries, clips = await asyncio.to_thread(read_found, catalogue, CHANNEL)
    finally:
        catalogue.close()
    lines, wrong = compare(broadcast.truth, boundaries)
    console.print(boundary_table(lines, wrong, sent.frames))
    console.print(clip_table(clips, plan.folder / "data" / "clips"))
    problems = _problems(lines, wrong)
    programmes = (len(broadcast.truth) + 1) // 2
    ready = sum(clip.ready_ns is not None for clip in clips)
    if ready != programmes:
        problems.append(f"{ready} clips of {programmes} are ready")
    for problem in problems:
        console.print(f"[red]{problem}[/]")
    if not problems:
        console.print(f"[green]All {len(lines)} boundaries found, none false; {ready} clips.[/]")
    return 1 if problems else 0


async def _until_settled(catalogue: Catalogue) -> None:
    """Wait until nothing will change any more, but not for ever: what is missing by then is told in the tables."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SETTLE_S):
            while True:
                if await asyncio.to_thread(is_settled, catalogue, CHANNEL):
                    return
                await asyncio.sleep(0.25)


def _problems(lines: list[Any], wrong: list[Found]) -> list[str]:
    missing = [line for line in lines if line.found is None]
    texts = [
        f"no boundary within {TOLERANCE} frames of {timecode(line.truth.start_frame)}, where there is one"
        for line in missing
    ]
    return texts + [f"a boundary at {timecode(item.frame)}, where there is none" for item in wrong]
