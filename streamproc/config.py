"""What the TOML file may say; validated once, here. docs/configuration.md describes every key.

Settings come from the file; ``STREAMPROC_…`` environment variables override single keys (12-factor), with ``__``
between levels: ``STREAMPROC_WEB__PORT=9000``.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import tzinfo
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from streamproc.errors import ConfigError
from streamproc.naming import DEFAULT_PATTERN, check_pattern

ENV_PREFIX = "STREAMPROC_"
SOURCE_SCHEMES = frozenset({"rtmp", "rtmps", "rtmpt", "http", "https", "udp", "tcp", "file"})
LISTEN_SCHEMES = frozenset({"rtmp", "udp", "tcp"})
TARGET_SCHEMES = frozenset({"file", "s3", "sftp", "webdav+http", "webdav+https"})
_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]*):", re.IGNORECASE)


class Section(BaseModel):
    """A table of the file: unknown keys are refused, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class IngestSettings(Section):
    """How a feed is held on to."""

    stall_timeout_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    """No packet for so long means that the feed is lost, also on a half-open connection."""
    connect_timeout_s: Annotated[float, Field(gt=0, le=120)] = 10.0
    """How long a connection may take."""
    retry_initial_s: Annotated[float, Field(gt=0, le=60)] = 0.5
    """Wait before the first new attempt; doubles from attempt to attempt, with jitter."""
    retry_max_s: Annotated[float, Field(gt=0, le=600)] = 15.0
    """Longest wait between attempts."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.retry_initial_s > self.retry_max_s:
            raise ValueError(f"retry_initial_s = {self.retry_initial_s} is above retry_max_s = {self.retry_max_s}")
        return self


class RecordSettings(Section):
    """The recorder's files."""

    file_s: Annotated[float, Field(ge=1, le=600)] = 10.0
    """A file is closed at the first keyframe after so many seconds."""
    fragment_s: Annotated[float, Field(ge=0.1, le=1.0)] = 0.4
    """A fragment reaches the disk at the latest after so many seconds: what a kill can lose."""


class RetentionSettings(Section):
    """When recorded files go, oldest first; a file that a held clip needs stays."""

    max_age_h: Annotated[float, Field(gt=0)] | None = 72.0
    """Oldest recording kept, hours; leave out for no limit by age (write ``"none"``)."""
    max_bytes: Annotated[int, Field(gt=0)] | None = None
    """Most bytes one channel's recording may take; no limit when left out."""
    min_free_bytes: Annotated[int, Field(ge=0)] = 2_000_000_000
    """Free space that is kept on the disk."""

    @field_validator("max_age_h", mode="before")
    @classmethod
    def _none(cls, value: object) -> object:
        return None if value == "none" else value


class SamplingSettings(Section):
    """Which frames are looked at."""

    rate_hz: Annotated[float, Field(gt=0, le=60)] | None = None
    """Samples a second; when left out, keyframes are sampled."""
    max_gap_s: Annotated[float, Field(gt=0, le=60)] = 4.0
    """Where keyframes are farther apart than this, frames between them are sampled too."""
    dense_rate_hz: Annotated[float, Field(gt=0, le=60)] = 5.0
    """Samples a second while a change is suspected."""


class DecisionSettings(Section):
    """The hysteresis; a key left out takes the model card's value."""

    n_enter: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Samples in a row with the bug that make a programme."""
    n_leave: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Samples in a row without it that make an advert break."""
    min_certainty: Annotated[float, Field(ge=0.5, lt=1)] | None = None
    """Samples whose more likely class is less probable than this do not count."""
    min_segment_s: Annotated[float, Field(ge=0, le=300)] = 3.0
    """A break or a programme shorter than this is taken back."""


class ClipSettings(Section):
    """Clips of finished programme segments."""

    enabled: bool = True
    """Cut a clip when a programme segment becomes final."""
    keep_days: Annotated[float, Field(gt=0)] | None = None
    """Delete the files of clips and pieces after so many days, but never before they are delivered; for ever when left
    out."""
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.95
    """A segment with an end less sure than this waits in the review list until somebody has accepted that end."""
    review_h: Annotated[float, Field(ge=0)] = 96.0
    """So long what waits is listed, and its recording is kept whatever age and space say, hours."""


class CueSettings(Section):
    """SCTE-35 cues: those in the feed, and those for what was found."""

    use: bool = True
    """Read the feed's cues, and use them beside the logo."""
    tolerance_s: Annotated[float, Field(gt=0, le=10)] = 1.0
    """A cue speaks of a change of the logo at most so far from it."""
    write: bool = False
    """Make a splice_insert of every boundary that was found: in the catalogue, the events and the webhooks."""


class CurveSettings(Section):
    """What is measured along the recording for people to look at."""

    score: bool = True
    """Keep what the model says of each sample."""
    level: bool = True
    """Read the sound, and keep how loud it is."""
    keep_days: Annotated[float, Field(gt=0, le=3650)] = 30.0
    """Curves are deleted after so many days."""


class InspectSettings(Section):
    """The search for what was painted over."""

    enabled: bool = False
    """Look for what was painted over, on keyframes, beside the analysis."""
    one_in: Annotated[int, Field(ge=1, le=1000)] = 1
    """Look at one keyframe in so many."""
    one_a_shot: bool = False
    """Look at one keyframe a shot only, and at another a minute later where it lasts so long."""
    most_behind_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """Farther behind the recording than this, it goes on at the newest keyframe, and counts what it left out."""
    sure_after_s: Annotated[float, Field(ge=0, le=3600)] = 10.0
    """``finding.found`` is told of what has been there for so long, once."""
    keep_days: Annotated[float, Field(gt=0, le=3650)] = 90.0
    """Findings are deleted so many days after they were last seen."""


class DriftSettings(Section):
    """When a model counts as no longer fitting its channel."""

    enabled: bool = True
    """Watch over the model, and raise an alarm."""
    window_min: Annotated[float, Field(gt=0, le=1440)] = 30.0
    """Sureness is that of the last so many minutes of footage."""
    sureness: Annotated[float, Field(gt=0, lt=1)] = 0.75
    """An alarm is raised when sureness falls below so much of what is usual."""
    vanished_after_h: Annotated[float, Field(gt=0, le=168)] = 3.0
    """An alarm is raised when the bug was not seen for so many hours of footage."""


def _known_zone(value: str) -> str:
    """Check the name of a time zone. Raises ValueError."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"there is no time zone '{value}'; write one of the tz database: Europe/Moscow") from error
    return value


ZoneName = Annotated[str, AfterValidator(_known_zone)]
"""A time zone of the tz database."""


MOST_PLACES = 8
"""At which one bug is looked for: each costs a look and is one more chance to be wrong."""


def _boxes(value: object) -> object:
    """Take one box for a row of one."""
    return (value,) if isinstance(value, str) else value


def _box(value: object) -> object:
    """Take ``"x,y,width,height"`` apart. Raises ValueError."""
    if not isinstance(value, str):
        return value
    try:
        x, y, width, height = (float(part) for part in value.split(","))
    except ValueError as error:
        raise ValueError('write four numbers as "x,y,width,height", fractions of the picture, 0 to 1') from error
    if not (0 <= x < 1 and 0 <= y < 1 and 0 < width <= 1 - x + 1e-9 and 0 < height <= 1 - y + 1e-9):
        raise ValueError(f"x + width = {x + width:g} and y + height = {y + height:g}; the box must lie in the picture")
    return (x, y, width, height)


Box = Annotated[tuple[float, float, float, float], BeforeValidator(_box, json_schema_input_type=str)]
"""Left, top, width and height of a part of the picture, as fractions of its width and height."""


class ChannelSettings(Section):
    """One channel: where its feed comes from and which model knows its bug."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    """Short name for folders, metrics and addresses: small Latin letters, digits, ``_`` and ``-``."""
    title: str = ""
    """Name for people; the short name when left out."""
    enabled: bool = True
    """Work on it; with false it stays in the file, and nothing is connected, recorded or analysed."""
    timezone: ZoneName | None = None
    """What the channel's clock shows: the times of orders are read in it; that of ``[orders]`` when left out."""
    url: str | None = None
    """What to pull: rtmp(s)://, http(s)://….m3u8, udp://, tcp://, or a file's path."""
    listen: str | None = None
    """Where to wait for a push: rtmp://, udp:// or tcp://. Give either this or ``url``."""
    model: Path | None = None
    """Folder of the channel's model (model.onnx and card.json)."""
    logo: Path | None = None
    """PNG with alpha of the bug, for the universal verifier; with neither this nor ``model`` the channel is only
    recorded."""
    region: (
        Annotated[
            tuple[Box, ...],
            BeforeValidator(_boxes, json_schema_input_type=str | list[str]),
            Field(min_length=1, max_length=MOST_PLACES),
        ]
        | None
    ) = None
    """Where the edges of the logo lie: "x,y,width,height", or several of them for a logo that moves between places.
    Belongs to ``logo``; a model brings its own."""
    ingest: IngestSettings = IngestSettings()
    record: RecordSettings = RecordSettings()
    retention: RetentionSettings = RetentionSettings()
    sampling: SamplingSettings = SamplingSettings()
    decision: DecisionSettings = DecisionSettings()
    clips: ClipSettings = ClipSettings()
    cues: CueSettings = CueSettings()
    drift: DriftSettings = DriftSettings()
    curves: CurveSettings = CurveSettings()
    inspect: InspectSettings = InspectSettings()
    deliver: tuple[str, ...] = ()
    """Names of the targets that every finished clip and piece goes to."""
    schedule_id: str | None = None
    """The channel's id, or a display name of it, in the schedule; when left out, its title is looked for there."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.url is None) == (self.listen is None):
            raise ValueError(f"channel '{self.name}' needs either url or listen, not both and not neither")
        for key, value, allowed in (
            ("url", self.url, SOURCE_SCHEMES),
            ("listen", self.listen, LISTEN_SCHEMES),
        ):
            if value is None:
                continue
            match = _SCHEME.match(value)
            scheme = match.group(1).lower() if match else "file"
            if scheme not in allowed:
                raise ValueError(
                    f"channel '{self.name}': {key} has the scheme '{scheme}'; use one of {', '.join(sorted(allowed))}"
                )
        return self

    @model_validator(mode="after")
    def _one_model(self) -> Self:
        if self.model is not None and self.logo is not None:
            raise ValueError(
                f"channel '{self.name}' has both model and logo; leave out logo, the model knows it better"
            )
        if (self.logo is None) != (self.region is None):
            missing = "logo" if self.logo is None else "region"
            raise ValueError(f"channel '{self.name}' needs {missing} as well: logo and region belong together")
        if self.inspect.enabled and not self.is_watched:
            raise ValueError(
                f"channel '{self.name}' has inspect.enabled, but no model and no logo: what is only recorded is not "
                "inspected; give it one of them, or leave inspect.enabled out"
            )
        return self

    @property
    def is_watched(self) -> bool:
        """Whether its bug is looked for: there is a model, or a logo for the verifier."""
        return self.model is not None or self.logo is not None

    @property
    def display_title(self) -> str:
        """The title, or the short name where there is none."""
        return self.title or self.name


Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
"""A short name: small Latin letters, digits, ``_`` and ``-``."""
EventType = Literal[
    "channel", "epoch", "gap", "segment", "segment-removed", "boundary", "clip", "label", "alarm",
    "programme", "piece", "order", "delivery", "cue", "review", "edit", "handout", "learning",
    "finding", "finding.found",
]  # fmt: skip
"""What the catalogue tells of."""


class TargetSettings(Section):
    """A place that finished files are sent to."""

    name: Name
    """Short name; channels name it in ``deliver``."""
    url: str
    """file:///folder, s3://bucket/prefix, sftp://user@host:port/folder, or webdav+https://host/folder."""
    endpoint_url: Annotated[str, Field(pattern=r"^https?://[^@\s]+$")] | None = None
    """Address of an S3-compatible server; Amazon's when left out."""
    region: str | None = None
    """Region of the bucket."""
    user_env: str | None = None
    """Environment variable that holds the user, or the access key of S3."""
    password_env: str | None = None
    """Environment variable that holds the password, the secret key of S3, or the pass phrase of ``key_file``."""
    key_file: Path | None = None
    """Private key for SFTP."""
    known_hosts: Path | None = None
    """File with the SFTP server's public key, as ``ssh-keyscan`` writes it."""
    host_key: str | None = None
    """Fingerprint of that key instead: ``SHA256:…``, as ``ssh-keygen -l`` shows it."""
    at_once: Annotated[int, Field(ge=1, le=16)] = 2
    """How many files are sent to it at a time."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        what = f"target '{self.name}'"
        try:
            url = urlsplit(self.url)
            host, password, _ = url.hostname, url.password, url.port
        except ValueError as error:
            raise ValueError(f"{what}: url is no address; a special character in it needs %XX") from error
        if url.scheme not in TARGET_SCHEMES:
            scheme = f"the scheme '{url.scheme}'" if url.scheme else "no scheme"
            raise ValueError(f"{what}: url has {scheme}; use one of {', '.join(sorted(TARGET_SCHEMES))}")
        if password is not None:
            raise ValueError(f"{what}: url holds a password; put it into an environment variable: password_env")
        if url.scheme == "file" and (host or not url.path.startswith("/")):
            raise ValueError(f"{what}: url of a folder needs three strokes: file:///folder")
        if url.scheme != "file" and not host:
            raise ValueError(f"{what}: url names no {'bucket' if url.scheme == 's3' else 'host'}")
        if url.scheme == "sftp" and (self.known_hosts is None) == (self.host_key is None):
            raise ValueError(
                f"{what} needs either known_hosts or host_key, so that no stranger can pass for the server"
            )
        return self

    @model_validator(mode="after")
    def _nothing_idle(self) -> Self:
        scheme = urlsplit(self.url).scheme
        for key, schemes in _KEYS_OF_TARGETS.items():
            if getattr(self, key) is not None and scheme not in schemes:
                raise ValueError(f"target '{self.name}': {key} is not for {scheme}://; leave it out")
        return self


_KEYS_OF_TARGETS = {
    "endpoint_url": {"s3"},
    "region": {"s3"},
    "user_env": {"s3", "sftp", "webdav+http", "webdav+https"},
    "password_env": {"s3", "sftp", "webdav+http", "webdav+https"},
    "key_file": {"sftp"},
    "known_hosts": {"sftp"},
    "host_key": {"sftp"},
}


class WebhookSettings(Section):
    """An address that is told of events."""

    name: Name
    """Short name; what it was told last is remembered under it."""
    url: Annotated[str, Field(pattern=r"^https?://")]
    """Where events are posted to."""
    secret_env: str
    """Environment variable that holds the signing secret: ``whsec_`` and base64."""
    events: tuple[EventType, ...] = ()
    """Which events; all when left out."""


def _languages(value: str) -> str:
    """Raises ValueError when they are not written as ``"ru,en"``."""
    if not re.fullmatch(r"[a-z]{2,3}(,[a-z]{2,3})*", value):
        raise ValueError('write the codes of languages, the most wanted first, as "ru,en"')
    return value


class ScheduleSettings(Section):
    """The printed schedule that programmes get their names from."""

    source: str | None = None
    """XMLTV, plain or gzipped: a file, or an http(s) address; without it nothing is named."""
    refresh_min: Annotated[float, Field(ge=1, le=1440)] = 60.0
    """How often it is asked whether it has changed."""
    zone: ZoneName = "UTC"
    """The time zone of times that are written without an offset."""
    languages: Annotated[str, AfterValidator(_languages)] = "ru,en"
    """Of titles in several languages, the most wanted first."""


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    """Raises ValueError when one of them is no address and no network."""
    for text in value:
        try:
            ip_network(text, strict=False)
        except ValueError as error:
            raise ValueError(f"'{text}' is no address; write 127.0.0.1, ::1 or 10.0.0.0/8") from error
    return value


class OidcSettings(Section):
    """An identity provider that vouches for people (OpenID Connect)."""

    issuer: Annotated[str, Field(pattern=r"^https?://[^@\s]+$")] | None = None
    """Its address; without it nobody signs in in this way."""
    client_id: str | None = None
    """What it knows us as."""
    secret_env: str | None = None
    """Environment variable that holds the secret it gave us."""
    title: str = "OpenID"
    """What the button is called."""
    name_claim: str = "preferred_username"
    """Which claim is the user's name here."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.issuer is not None and self.client_id is None:
            raise ValueError("web.auth.oidc needs client_id as well: what the provider knows us as")
        return self


class AuthSettings(Section):
    """Who may come in, and for how long."""

    idle_h: Annotated[float, Field(gt=0, le=8760)] = 12.0
    """Who did nothing for so many hours is signed out."""
    longest_h: Annotated[float, Field(gt=0, le=8760)] = 168.0
    """After so many hours one signs in anew in any case."""
    requests_per_s: Annotated[float, Field(gt=0)] = 100.0
    """So many requests a second are answered to one person or address, ten seconds' worth of them at once."""
    audit_days: Annotated[float, Field(gt=0)] = 400.0
    """So long the audit log is kept."""
    proxy_header: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")] | None = None
    """The header in which a proxy of ``trusted_proxies`` says who asks."""
    trusted_proxies: Annotated[tuple[str, ...], AfterValidator(_networks)] = ()
    """Addresses and networks of proxies that are believed."""
    new_people: Literal["viewer", "editor", "engineer", "admin"] | None = None
    """The role of people whom the proxy or the provider vouches for and whom nobody has added; without it they are
    not let in."""
    oidc: OidcSettings = OidcSettings()

    @model_validator(mode="after")
    def _believed(self) -> Self:
        if self.proxy_header is not None and not self.trusted_proxies:
            raise ValueError("web.auth has proxy_header, but no trusted_proxies: nobody could be believed")
        return self

    @property
    def vouches(self) -> bool:
        """Whether somebody outside says who people are."""
        return self.proxy_header is not None or self.oidc.issuer is not None


class WebSettings(Section):
    """The HTTP side."""

    host: str = "127.0.0.1"
    """Address to bind; another than loopback only once there are users."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """Port to bind; 0 takes a free one."""
    auth: AuthSettings = AuthSettings()
    picture_processes: Annotated[int, Field(ge=1, le=16)] = 2
    """How many processes make pictures of the recording at a time."""


class InferenceSettings(Section):
    """Where models run."""

    provider: Literal["cpu", "cuda"] = "cpu"
    """``cuda`` needs a driver and the ``gpu`` extra; which one is in use is logged and a metric."""
    verifier: Path | None = None
    """Folder of the universal verifier, for channels with a logo; the one that comes with streamproc when left out."""
    forensics: Path | None = None
    """Folder of the network that looks for paint; the one that comes with streamproc when left out."""


class OrderSettings(Section):
    """The desk's lists of wanted pieces."""

    timezone: ZoneName = "UTC"
    """What their times are in, for channels without a time zone of their own."""


class LogSettings(Section):
    """Logging, to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe level that is written."""
    format: Literal["logfmt", "json"] = "logfmt"
    """One line an event, either way."""


class Settings(Section):
    """The whole file."""

    data_dir: Path
    """Folder for the recording, the catalogue and clips."""
    catalogue_url: str | None = None
    """SQLAlchemy address of the catalogue; an SQLite file in ``data_dir`` when left out."""
    clips_dir: Path | None = None
    """Folder for clips; ``data_dir``/clips when left out."""
    piece_names: str = DEFAULT_PATTERN
    """Pattern of the names of joined programmes and ranges, under the folder of clips."""
    web: WebSettings = WebSettings()
    inference: InferenceSettings = InferenceSettings()
    orders: OrderSettings = OrderSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    log: LogSettings = LogSettings()
    channels: tuple[ChannelSettings, ...] = ()
    targets: tuple[TargetSettings, ...] = ()
    """Where finished files are sent to."""
    webhooks: tuple[WebhookSettings, ...] = ()
    """Who is told of events."""

    @field_validator("piece_names")
    @classmethod
    def _named(cls, value: str) -> str:
        try:
            check_pattern(value)
        except ConfigError as error:
            raise ValueError(f"piece_names: {error}") from error
        return value

    @model_validator(mode="after")
    def _distinct_names(self) -> Self:
        for what, tables in (("channels", self.channels), ("targets", self.targets), ("webhooks", self.webhooks)):
            names = [table.name for table in tables]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"two {what} are named '{twice[0]}'; give each its own name")
        return self

    @model_validator(mode="after")
    def _known_targets(self) -> Self:
        known = [target.name for target in self.targets]
        for channel in self.channels:
            for name in channel.deliver:
                if name not in known:
                    there = ", ".join(known) or "none; add a [[targets]] table"
                    raise ValueError(f"channel '{channel.name}': deliver names no target '{name}'; there are: {there}")
        return self

    @property
    def recording_dir(self) -> Path:
        """Where the recordings of all channels lie."""
        return self.data_dir / "recording"

    @property
    def clip_dir(self) -> Path:
        """Where clips are written."""
        return self.data_dir / "clips" if self.clips_dir is None else self.clips_dir

    @property
    def alarm_dir(self) -> Path:
        """Where the pictures of alarms are written."""
        return self.data_dir / "alarms"

    @property
    def learnt_dir(self) -> Path:
        """Where models are written that are learnt from a channel's recording."""
        return self.data_dir / "models"

    @property
    def schedule_dir(self) -> Path:
        """Where a schedule that is fetched is kept."""
        return self.data_dir / "schedule"

    @property
    def database_url(self) -> str:
        """SQLAlchemy address of the catalogue."""
        if self.catalogue_url is not None:
            return self.catalogue_url
        return f"sqlite:///{(self.data_dir / 'catalogue.sqlite').absolute()}"

    def zone_of(self, name: str | None) -> tzinfo:
        """Return the time zone of a channel's clock; the one of orders for None and for channels without their own."""
        own = next((channel.timezone for channel in self.channels if channel.name == name), None)
        return ZoneInfo(self.orders.timezone if own is None else own)

    def channel(self, name: str) -> ChannelSettings:
        """Return the settings of one channel. Raises ConfigError when there is none of that name."""
        for channel in self.channels:
            if channel.name == name:
                return channel
        raise ConfigError(f"no channel is named '{name}'; there are: {', '.join(c.name for c in self.channels)}")


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read and check a configuration file. Relative paths in it are relative to the file.

    Raises ConfigError with one line: file, key, what is wrong, what to do.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: can't be read ({error.strerror}); name your file with --config") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 at byte {error.start}; save the file as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    _override(raw, environ)
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(f"{path}: {describe(error)}") from error
    return _absolute(settings, path.absolute().parent)


def describe(error: ValidationError) -> str:
    """Put the first problem that pydantic found into one line that names key, value and remedy."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    rest = error.error_count() - 1
    more = f" (and {rest} more)" if rest else ""
    if first["type"] == "extra_forbidden":
        return f"unknown key '{where}'; see docs/configuration.md for the keys there are{more}"
    if first["type"] == "missing":
        return f"the key '{where}' is missing{more}"
    message = first["msg"].removeprefix("Value error, ")
    if not where or first["type"] == "value_error":
        return f"{message}{more}"
    return f"{where} = {_shown(first['input'], where)}: {message[0].lower()}{message[1:]}{more}"


def _shown(value: object, where: str) -> str:
    """Show an offending value, but never an address: it may hold a stream key."""
    return "…" if where.endswith(("url", "listen", "source")) else repr(value)


def _override(raw: dict[str, Any], environ: Mapping[str, str]) -> None:
    for name, value in environ.items():
        if not name.startswith(ENV_PREFIX) or name == f"{ENV_PREFIX}CONFIG":
            continue
        *tables, key = name.removeprefix(ENV_PREFIX).lower().split("__")
        target = raw
        for table in tables:
            target = target.setdefault(table, {})
            if not isinstance(target, dict):
                raise ConfigError(f"{name}: '{table}' is not a table; use STREAMPROC_TABLE__KEY")
        target[key] = value


def _absolute(settings: Settings, base: Path) -> Settings:
    def fix(path: Path | None) -> Path | None:
        return None if path is None else (base / path.expanduser())

    channels = tuple(
        channel.model_copy(update={"model": fix(channel.model), "logo": fix(channel.logo)})
        for channel in settings.channels
    )
    models = {"verifier": fix(settings.inference.verifier), "forensics": fix(settings.inference.forensics)}
    inference = settings.inference.model_copy(update=models)
    targets = tuple(
        target.model_copy(update={"key_file": fix(target.key_file), "known_hosts": fix(target.known_hosts)})
        for target in settings.targets
    )
    source = settings.schedule.source
    if source is not None and not source.startswith(("http://", "https://")):
        source = str(fix(Path(source)))
    return settings.model_copy(
        update={
            "data_dir": fix(settings.data_dir),
            "clips_dir": fix(settings.clips_dir),
            "inference": inference,
            "schedule": settings.schedule.model_copy(update={"source": source}),
            "channels": channels,
            "targets": targets,
        }
    )
