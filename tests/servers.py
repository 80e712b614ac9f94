"""Real servers and publishers for tests: nginx with its RTMP module, a paced sender, a proxy that falls silent."""

import asyncio
import contextlib
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

_SBIN = "/usr/sbin:/usr/local/sbin"
_MODULES = ("/usr/lib/nginx/modules/ngx_rtmp_module.so", "/usr/lib64/nginx/modules/ngx_rtmp_module.so")
_CONFIG = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
load_module {module};
events {{ worker_connections 256; }}
rtmp {{
  server {{
    listen 127.0.0.1:{port};
    chunk_size 4096;
    application live {{
      live on;
      wait_key on;
      interleave on;
      idle_streams off;
      drop_idle_publisher 5s;
      {extra}
    }}
  }}
}}
"""


def free_port() -> int:
    """Return a TCP port of the loopback that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, timeout_s: float = 10.0) -> None:
    """Wait until something listens."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")


class RtmpServer:
    """nginx with its RTMP module on a free port; ``url("key")`` is where to publish to and to play from."""

    def __init__(self, folder: Path, extra: str = "") -> None:
        self._folder = folder
        self._extra = extra
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, key: str) -> str:
        """Return the address of a stream."""
        return f"rtmp://127.0.0.1:{self.port}/live/{key}"

    def start(self) -> None:
        """Start nginx and wait until it listens."""
        module = next(module for module in _MODULES if Path(module).exists())
        config = self._folder / "nginx.conf"
        config.write_text(_CONFIG.format(folder=self._folder, module=module, port=self.port, extra=self._extra))
        nginx = shutil.which("nginx") or shutil.which("nginx", path=_SBIN)
        assert nginx is not None, "the test needs the marker nginx"
        self._process = subprocess.Popen(
            [nginx, "-p", str(self._folder), "-c", str(config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # it writes to error.log in its folder
        )
        wait_for_port(self.port)

    def stop(self) -> None:
        """Kill nginx; the port is closed at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


_PUBLISH = """
import sys, time
import av

source, target, speed, loops, form = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
for attempt in range(int(sys.argv[6]) + 1):
    try:
        out = av.open(target, "w", format=form)
        break
    except (av.FFmpegError, OSError):
        time.sleep(0.1)
copies, shift, begin = {}, 0.0, time.monotonic()
for turn in range(loops):
    last = 0.0
    with av.open(source) as media:
        for stream in media.streams:
            if stream.type in ("video", "audio") and turn == 0:
                copies[stream.index] = out.add_stream_from_template(stream, opaque=True)
        first = None
        for packet in media.demux():
            if packet.dts is None or packet.stream.index not in copies:
                continue
            base = packet.time_base
            first = packet.dts * base if first is None else first
            at = float(packet.dts * base - first) + shift
            end = float(packet.pts * base - first) + float((packet.duration or 0) * base) + shift
            last = max(last, end)
            delay = begin + at / speed - time.monotonic()
            if delay > 0:
                time.sleep(delay)
            move = round((shift - float(first)) / base)
            packet.pts, packet.dts = packet.pts + move, packet.dts + move
            packet.stream = copies[packet.stream.index]
            out.mux(packet)
    shift = last
out.close()
"""


class Publisher:
    """Sends a file, untouched, at its own pace (or ``speed`` times that), from a process of its own."""

    def __init__(
        self, source: Path, target: str, *, speed: float = 1.0, loops: int = 1, form: str = "flv", retries: int = 0
    ) -> None:
        """retries: how often to try, every 0.1 s, until somebody listens."""
        self._arguments = [str(source), target, str(speed), str(loops), form, str(retries)]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Begin to send."""
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PUBLISH, *self._arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        return self

    def wait(self, timeout_s: float = 60.0) -> None:
        """Wait until all is sent."""
        assert self.process is not None
        self.process.wait(timeout_s)

    def kill(self) -> None:
        """Vanish in the middle, without a goodbye of RTMP's (the kernel still closes the connection)."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


class SilentProxy:
    """A TCP proxy that can stop passing data on without closing anything: a half-open connection."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._silent = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._serving: set[asyncio.Task[None]] = set()
        self.connections = 0
        self.port = 0

    def fall_silent(self) -> None:
        """From now on swallow what connections of until now send, both ways."""
        self._silent.set()

    def speak_again(self) -> None:
        """Serve new connections."""
        self._silent.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop
        ).result()
        self._server = server
        self.port = server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _shut(self) -> None:
        self._server.close()
        while True:
            # What was accepted last begins to be served, and what is closed lets go of its socket, in a later turn.
            await asyncio.sleep(0.1)
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            if not others:
                return
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        # A transport that has met its end is known to nobody but the tasks that wait for the other side: without this
        # they would be collected together, while they wait.
        serving = asyncio.current_task()
        assert serving is not None
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)
        with contextlib.closing(writer), contextlib.suppress(ConnectionError, asyncio.CancelledError):
            back, forth = await asyncio.open_connection("127.0.0.1", self._target_port)
            with contextlib.closing(forth):
                ways = [asyncio.create_task(self._pass(*way)) for way in ((reader, forth), (back, writer))]
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)  # one side has gone: both are closed
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        muted = False
        while data := await source.read(65536):
            muted = muted or self._silent.is_set()
            if not muted:
                sink.write(data)
                await sink.drain()
