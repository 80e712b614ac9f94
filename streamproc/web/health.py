"""How the channels are, in words: what the recorder last said, and how far the analysis is behind."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from streamproc.catalogue import Catalogue
from streamproc.config import ChannelSettings, Settings
from streamproc.errors import RecordingError
from streamproc.media.recording.reader import RecordingFootage
from streamproc.messages import Position
from streamproc.timebase import NS, Clock, iso_utc
from streamproc.web.answers import FeedState, Health

STATUS_FILE = "status.json"
STALE_S = 15.0
"""A recorder that has not said anything for so long is gone."""
MAX_LAG_S = 60.0
"""Analysis that is farther behind than this is not live."""
NO_FEED = {
    "connecting": "the feed is being connected",
    "waiting": "the feed is not there yet",
    "stalled": "the feed is connected, but nothing comes",
    "failing": "the feed comes, but can't be recorded",
    "unsupported": "the feed comes, but not as anything we can read",
}


class FeedStatus(BaseModel):
    """What the recorder writes beside a channel's recording."""

    state: Literal["connected", "connecting", "waiting", "stalled", "failing", "unsupported", "finished", "stopped"]
    """How it is with the feed."""
    since_ns: int
    """Since when."""
    updated_ns: int
    """When this was written."""
    message: str = ""
    """More of it; holds no key."""


class HealthReader:
    """Looks at each channel's folder; every call blocks for a moment."""

    def __init__(self, settings: Callable[[], Settings], catalogue: Catalogue, clock: Clock) -> None:
        self._settings = settings
        self._footage: dict[Path, RecordingFootage] = {}
        self._catalogue = catalogue
        self._clock = clock

    def all(self) -> dict[str, Health]:
        """Return how each configured channel is."""
        return {channel.name: self.channel(channel.name) for channel in self._settings().channels}

    def channel(self, name: str) -> Health:
        """Return how a channel is."""
        channel = next((channel for channel in self._settings().channels if channel.name == name), None)
        if channel is None:
            return _health(FeedState.NOT_CONFIGURED, "it is no longer in the configuration", ready=True)
        if not channel.enabled:
            return _health(FeedState.STOPPED, "it is stopped by its settings (enabled)", ready=True)
        status = self._status(name)
        if status is not None and status.state == "finished":
            return _health(FeedState.FINISHED, "the file is over", status.since_ns, ready=True)
        if status is None or status.state == "stopped" or self._clock.utc_ns() - status.updated_ns > STALE_S * NS:
            since = None if status is None else status.updated_ns
            return _health(FeedState.DOWN, "no recorder works on it; start streamproc, or look at its log", since)
        if status.state != "connected":
            return _health(FeedState(status.state), status.message or NO_FEED[status.state], status.since_ns)
        lag = self._lag(channel)
        if lag is not None and lag > MAX_LAG_S:
            message = f"the analysis is {float(lag):.0f} s behind the recording"
            return _health(FeedState.BEHIND, message, status.since_ns, lag=lag)
        return _health(FeedState.RECORDING, "the feed is recorded", status.since_ns, lag=lag, ready=True)

    def _status(self, name: str) -> FeedStatus | None:
        try:
            return FeedStatus.model_validate_json((self._folder(name) / STATUS_FILE).read_bytes())
        except (OSError, ValidationError):
            return None

    def _lag(self, channel: ChannelSettings) -> Fraction | None:
        """Return how much is recorded after the place that the analysis has saved; None without either."""
        position = None if not channel.is_watched else self._catalogue.position(channel.name)
        if position is None:
            return None
        try:
            folder = self._folder(channel.name)
            footage = self._footage.setdefault(folder, RecordingFootage(folder))
            return _recorded_after(footage, position)
        except RecordingError:
            return None

    def _folder(self, name: str) -> Path:
        return self._settings().recording_dir / name


def _recorded_after(footage: RecordingFootage, position: Position) -> Fraction:
    lag = Fraction(0)
    for epoch in reversed(footage.epochs()):
        if epoch.id < position.epoch:
            break
        read = position.time if epoch.id == position.epoch and position.time is not None else Fraction(0)
        lag += max(Fraction(0), epoch.end() - read)
    return lag


def _health(
    state: FeedState, message: str, since_ns: int | None = None, *, lag: Fraction | None = None, ready: bool = False
) -> Health:
    since = None if since_ns is None else iso_utc(since_ns)
    return Health(state=state, ready=ready, message=message, since_utc=since, lag_s=None if lag is None else float(lag))
