"""Every Prometheus metric there is, in groups, as one typed object on an injected registry.

Base units, ``_total`` for counters, few labels: ``channel`` (its short name), ``stage``, ``role`` and fixed words;
never an address or a message. The roles are separate processes, so gauges say how several processes' values combine.
"""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 30, 60, 300)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes metrics of a registry."""

    registry: CollectorRegistry

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"streamproc_{name}", text, labels, registry=self.registry)

    def gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"streamproc_{name}", text, labels, registry=self.registry, multiprocess_mode="mostrecent")

    def histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"streamproc_{name}", text, labels, registry=self.registry, buckets=buckets)


class Feed:
    """What comes in."""

    def __init__(self, make: _Maker) -> None:
        self.connected = make.gauge("connected", "1 while packets of the feed arrive, else 0.", "channel")
        self.packets = make.counter("packets_total", "Packets received.", "channel", "track")
        self.received_bytes = make.counter("received_bytes_total", "Bytes received.", "channel", "track")
        self.reconnects = make.counter("reconnects_total", "Connections made after the first.", "channel")
        self.last_packet = make.gauge(
            "last_packet_timestamp_seconds", "When the last packet arrived, Unix time.", "channel"
        )
        self.timestamp_repairs = make.counter("timestamp_repairs_total", "Timestamps that had to be mended.", "channel")


class Recording:
    """What is kept of it."""

    def __init__(self, make: _Maker) -> None:
        self.epochs = make.counter("epochs_total", "Epochs begun: unbroken stretches of recording.", "channel")
        self.recorded_bytes = make.counter("recorded_bytes_total", "Bytes written to the recording.", "channel")
        self.recording_bytes = make.gauge("recording_bytes", "Size of the recording on disk.", "channel")
        self.deleted_bytes = make.counter("deleted_bytes_total", "Bytes deleted by retention.", "channel")
        self.disk_free_bytes = make.gauge("disk_free_bytes", "Free space of the disk with the recording.")


class Reading:
    """The stages that read the recording, and the models that they ask."""

    def __init__(self, make: _Maker) -> None:
        self.lag = make.gauge("reader_lag_seconds", "How far a stage is behind the recording.", "channel", "stage")
        self.frames_decoded = make.counter("frames_decoded_total", "Frames decoded.", "channel", "stage")
        self.samples = make.counter("samples_total", "Samples classified.", "channel")
        self.score = make.histogram(
            "score",
            "Probability that the bug is on the picture.",
            (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0),
            "channel",
        )
        self.inference = make.histogram(
            "inference_seconds",
            "Time the model took for one call.",
            (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1),
            "channel",
        )
        self.provider = make.gauge("inference_provider_info", "1 for the provider that runs the models.", "provider")
        self.on_air = make.gauge("on_air", "1 for what is on air now, else 0.", "channel", "kind")


class Drift:
    """Whether the models still fit."""

    def __init__(self, make: _Maker) -> None:
        self.sureness = make.gauge(
            "drift_sureness_ratio", "How sure the model is: 1 of every sample, 0 when each is a coin toss.", "channel"
        )
        self.usual = make.gauge(
            "drift_usual_sureness_ratio", "How sure the model was when it was new here; 1 when not known.", "channel"
        )
        self.absent = make.gauge(
            "drift_bug_absent_seconds", "Seconds of footage since the bug was last plainly there.", "channel"
        )
        self.alarm = make.gauge("drift_alarm", "1 while this alarm stands, else 0.", "channel", "kind")
        self.alarms = make.counter("drift_alarms_total", "Alarms raised over the model.", "channel", "kind")


class Inspection:
    """What was painted over."""

    def __init__(self, make: _Maker) -> None:
        self.inspected = make.counter("inspected_keyframes_total", "Keyframes that were searched for paint.", "channel")
        self.left_out = make.counter(
            "inspect_left_out_keyframes_total",
            "Keyframes that were not, because there was no time or they could not be read.",
            "channel",
            "reason",
        )
        self.time = make.histogram(
            "inspect_seconds",
            "From a keyframe's packet to what it adds to the evidence.",
            (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5),
            "channel",
        )
        self.resting = make.gauge(
            "inspect_resting", "1 while the search rests because the analysis is late, else 0.", "channel"
        )
        self.findings = make.counter("findings_total", "Places that began to look painted over.", "channel")
        self.findings_open = make.gauge("findings_open", "Places that look painted over now.", "channel")


class Decisions:
    """What was found."""

    def __init__(self, make: _Maker) -> None:
        self.changes = make.counter("changes_total", "Changes decided by the hysteresis.", "channel", "after")
        self.boundaries = make.counter("boundaries_total", "Boundaries by what became of them.", "channel", "state")
        self.provisional_delay = make.histogram(
            "provisional_delay_seconds", "From a change's arrival to its provisional mark.", _SECONDS, "channel"
        )
        self.final_delay = make.histogram(
            "final_delay_seconds", "From a change's arrival to its final boundary.", _SECONDS, "channel"
        )


class Cues:
    """SCTE-35."""

    def __init__(self, make: _Maker) -> None:
        self.handled = make.counter(
            "cues_total", "SCTE-35 cues, read (stream, hls) or written (found).", "channel", "origin"
        )
        self.damaged = make.counter("cues_damaged_total", "Cues that could not be read.", "channel")
        self.verdicts = make.counter(
            "cue_verdicts_total", "What cues and logo said to each other.", "channel", "verdict"
        )


class Schedule:
    """The schedule, and the names it gives."""

    def __init__(self, make: _Maker) -> None:
        self.read = make.gauge(
            "schedule_read_timestamp_seconds", "When the channel's listings were last found good, Unix time.", "channel"
        )
        self.until = make.gauge(
            "schedule_until_timestamp_seconds", "When the channel's last listing begins, Unix time.", "channel"
        )
        self.programmes = make.counter(
            "programmes_total", "Complete programmes by how sure their name is.", "channel", "certainty"
        )


class Files:
    """Clips and pieces, from the wish to their deletion by age."""

    def __init__(self, make: _Maker) -> None:
        self.clips = make.counter("clips_total", "Clips by what became of them.", "channel", "state")
        self.clip_delay = make.histogram(
            "clip_delay_seconds", "From a segment's last boundary being final to its clip.", _SECONDS, "channel"
        )
        self.pieces = make.counter(
            "pieces_total", "Joined programmes and ranges by what became of them.", "channel", "state"
        )
        self.piece_delay = make.histogram(
            "piece_delay_seconds",
            "From the wish, or the arrival of its last frame if that came later, to the piece.",
            _SECONDS,
            "channel",
        )
        self.handout = make.histogram(
            "handout_seconds",
            "From a programme's end to the wish for its file (wait), to the file (make), to its download (take).",
            (5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 14_400, 86_400),
            "channel",
            "part",
        )
        self.expired = make.counter("expired_files_total", "Files of clips and pieces deleted by age.", "channel")
        self.expired_bytes = make.counter("expired_bytes_total", "Bytes of those files.", "channel")


class Outbound:
    """Finished files on their way, and who is told of what."""

    def __init__(self, make: _Maker) -> None:
        self.deliveries = make.counter(
            "deliveries_total", "Attempts to deliver a file, by outcome.", "target", "outcome"
        )
        self.delivered_bytes = make.counter("delivered_bytes_total", "Bytes of files that have arrived.", "target")
        self.deliveries_waiting = make.gauge("deliveries_waiting", "Files that a target has yet to get.", "target")
        self.delivery_age = make.gauge(
            "delivery_oldest_seconds", "How long the file has waited that waits longest; 0 when none does.", "target"
        )
        self.target_failing = make.gauge(
            "target_failing", "1 while the last attempt to deliver failed, else 0.", "target"
        )
        self.hook_events = make.counter("webhook_events_total", "Events posted, by outcome.", "webhook", "outcome")
        self.hook_lag = make.gauge("webhook_lag_events", "Events that a webhook has yet to be told of.", "webhook")
        self.hook_failing = make.gauge("webhook_failing", "1 while a webhook's last post failed, else 0.", "webhook")


class People:
    """What people asked for, and what waits for them."""

    def __init__(self, make: _Maker) -> None:
        self.orders = make.gauge("orders", "Orders by how far they are.", "state")
        self.reviews_waiting = make.gauge(
            "reviews_waiting", "Boundaries and programmes that wait for a look.", "channel"
        )
        self.learnings = make.counter("learnings_total", "Models learnt on wish, by outcome.", "channel", "state")


class Daemon:
    """The processes themselves."""

    def __init__(self, make: _Maker) -> None:
        self.queue_depth = make.gauge("queue_depth", "Items waiting in a buffer.", "queue")
        self.queue_dropped = make.counter("queue_dropped_total", "Items a full buffer let go.", "queue")
        self.errors = make.counter("errors_total", "Errors by kind (the class of the error).", "channel", "kind")
        self.role_up = make.gauge("role_up", "1 while the role's process runs, else 0.", "role")
        self.role_restarts = make.counter(
            "role_restarts_total", "Times a role's process had to be started again.", "role"
        )


class Web:
    """The page and the API."""

    def __init__(self, make: _Maker) -> None:
        self.sign_ins = make.counter("sign_ins_total", "Attempts to sign in, by way and outcome.", "way", "outcome")
        self.pictures = make.counter(
            "pictures_total", "Pictures of the recording that were asked for, by outcome.", "kind", "outcome"
        )
        self.picture_time = make.histogram(
            "picture_seconds",
            "From the request for a picture of the recording to the picture.",
            (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
            "kind",
        )
        self.http_requests = make.counter("http_requests_total", "HTTP answers.", "method", "route", "status")


class Telemetry:
    """The metrics of one process; ``registry`` is the one that /metrics shows."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        make = _Maker(registry)
        self.feed = Feed(make)
        self.recording = Recording(make)
        self.reading = Reading(make)
        self.drift = Drift(make)
        self.inspection = Inspection(make)
        self.decisions = Decisions(make)
        self.cues = Cues(make)
        self.schedule = Schedule(make)
        self.files = Files(make)
        self.outbound = Outbound(make)
        self.people = People(make)
        self.daemon = Daemon(make)
        self.web = Web(make)
