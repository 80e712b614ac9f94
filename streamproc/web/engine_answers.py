"""The shapes of answers about channels' settings, learning, models, and how the daemon is doing."""

from typing import Any

from streamproc.web.answers import Answer, Health, Words


class ChannelConfig(Answer):
    """A channel's settings."""

    name: str
    """Its short name."""
    version: str
    """What they are known by; also the ETag. Give it back as If-Match, and nobody's change is overwritten."""
    settings: dict[str, Any]
    """What the file says, as it is written there; addresses without their keys."""
    effective: dict[str, Any]
    """The same with every default."""
    applied: bool
    """Whether the daemon works by them."""
    problem: str | None
    """Why it does not, if it doesn't: what is wrong with the file."""


class KnownModel(Answer):
    """A model, with what its card says."""

    folder: str
    """Where it lies."""
    name: str | None
    """As its card names it."""
    sha256: str | None
    """Of the model file."""
    created: str | None
    """When it was learnt, a date."""
    region: list[float] | None
    """What it sees: left, top, width, height in fractions of the picture."""
    decision: dict[str, Any] | None
    """The hysteresis it was measured with."""
    metrics: dict[str, Any]
    """What was measured, on what was held out."""
    data: list[str]
    """What it was learnt from, in words."""
    licence: str | None
    """Of the model."""
    channels: list[str]
    """The channels that it serves now."""
    learning: int | None
    """The learning that it comes from."""
    problem: str | None
    """Why it can't be used, if it can't."""


class RoleState(Answer):
    """One of the daemon's processes."""

    name: str
    """recorder, analyser or web."""
    up: bool
    """Whether it runs."""
    restarts: int
    """How often it had to be started again since the daemon was started."""


class ChannelState(Answer):
    """How a channel is doing."""

    name: str
    """Its short name."""
    title: str
    """Its name for people."""
    health: Health
    """How its feed is."""
    rate_bytes_s: float | None
    """What is recorded in a second, by the last hour; null when nothing is."""
    recording_bytes: int | None
    """What its recording takes; null while it is not known."""
    oldest_utc: str | None
    """Where its recording begins now."""
    reviews: int
    """What waits for a look."""
    alarm: Words | None
    """The alarm over its model that stands, in words."""


class Disk(Answer):
    """A disk that we write to."""

    holds: list[str]
    """What: recording, clips, data."""
    free_bytes: int
    """Free space."""
    total_bytes: int
    """Its size."""
    keep_free_bytes: int
    """Free space that retention keeps."""
    room_s: float | None
    """How long there is room for at the present rate, until the oldest recording is deleted for want of space."""
    wanted_bytes: int | None
    """What the recording will take when it is as old as retention lets it become; null without such a limit."""
    message: Words
    """The same in words."""


class QueueState(Answer):
    """Work that waits in the catalogue."""

    name: str
    """clips, pieces, deliveries, orders or learnings."""
    waiting: int
    """Not begun yet."""
    working: int
    """Being done."""
    failed: int
    """Failed within the last day."""
    oldest_utc: str | None
    """Since when the oldest of those waiting does."""


class LoggedError(Answer):
    """Something that went wrong lately, the same said again counted once."""

    event: str
    """As the log names it."""
    level: str
    """warning or error."""
    process: str
    """The role that said it."""
    channel: str | None
    """The channel that it is about."""
    message: str
    """What was said."""
    meaning: Words | None
    """What it means."""
    count: int
    """How often it was said."""
    first_utc: str
    """When first."""
    last_utc: str
    """When last."""


class Operations(Answer):
    """How the daemon is doing, on one page."""

    now_utc: str
    """When this was looked up."""
    version: str
    """Of the program."""
    ready: bool
    """Whether every channel is as it should be."""
    roles: list[RoleState]
    """The processes; none where no supervisor keeps them, because each was started alone."""
    channels: list[ChannelState]
    """Each channel of the configuration."""
    disks: list[Disk]
    """Each disk."""
    queues: list[QueueState]
    """What waits."""
    errors: list[LoggedError]
    """What went wrong, newest first."""
