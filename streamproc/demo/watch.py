"""Says live what happens, from the daemon's own events."""

import json
from typing import Any

import aiohttp
from rich.console import Console

from streamproc.demo.broadcast import RATE, Broadcast
from streamproc.demo.report import timecode
from streamproc.messages import Kind

_COLOUR = {Kind.PROGRAMME.value: "cyan", Kind.ADVERT.value: "magenta"}


class Commentary:
    """Prints what is on air and what the daemon says of it."""

    def __init__(self, console: Console, broadcast: Broadcast) -> None:
        self._console = console
        self._truth = {segment.start_frame: segment for segment in broadcast.truth}
        self._now = "0:00:00"
        self._known: dict[int, tuple[str, int | None]] = {}
        self._clips: set[int] = set()

    def sent(self, frame: int, utc_ns: int) -> None:
        """Take note of a frame that went out."""
        self._now = timecode(frame)
        segment = self._truth.get(frame)
        if segment is not None:
            how = f" ({segment.joint})" if segment.joint else ""
            self._say(f"[dim]on air: {segment.kind.value}{how}[/]")

    async def listen(self, web: aiohttp.ClientSession) -> None:
        """Read the daemon's live events until cancelled; connect again when the stream breaks off."""
        last = ""
        timeout = aiohttp.ClientTimeout(total=None, sock_read=60)
        while True:
            headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
            try:
                async with web.get("/api/v1/events", headers=headers, timeout=timeout) as answer:
                    async for raw in answer.content:
                        line = raw.decode().rstrip("\r\n")
                        if line.startswith("id:"):
                            last = line.removeprefix("id:").strip()
                        elif line.startswith("data:"):
                            self._take(json.loads(line.removeprefix("data:")))
            except (aiohttp.ClientError, TimeoutError):
                continue

    def _take(self, notice: dict[str, Any]) -> None:
        subject = notice.get("subject")
        if subject is None:
            return
        if notice["type"] == "segment":
            self._segment(subject)
        elif notice["type"] == "clip":
            self._clip(subject)

    def _segment(self, segment: dict[str, Any]) -> None:
        """Say where a segment begins when that is new or has changed."""
        start = segment["start"]
        kind, state, frame = segment["kind"], start["state"], start["frame"]
        if kind not in _COLOUR or self._known.get(start["boundary_id"]) == (state, frame):
            return
        self._known[start["boundary_id"]] = (state, frame)
        at = timecode(round(start["time_s"] * RATE) if frame is None else frame)
        colour = _COLOUR[kind]
        how = f", placed by {start['method']}" if state == "final" else ""
        self._say(f"[{colour}]{kind} from {at}[/]: [bold]{state}[/]{how}")

    def _clip(self, clip: dict[str, Any]) -> None:
        if clip["id"] in self._clips or clip["state"] not in ("ready", "failed"):
            return
        self._clips.add(clip["id"])
        if clip["state"] == "ready":
            size = (clip["size_bytes"] or 0) / 1e6
            self._say(f"[green]clip ready[/]: {clip['duration_s']:.2f} s, {size:.1f} MB, {clip['download']}")
        else:
            self._say(f"[red]clip failed[/]: {clip['message']}")

    def _say(self, text: str) -> None:
        self._console.print(f"[dim]{self._now:>8}[/]  {text}")
