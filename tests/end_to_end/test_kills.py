"""Every process of the daemon is killed again and again while a feed is on air: nothing received is lost for it."""

import random
import time
from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from streamproc.media.decoder import KeyframeDecoder
from streamproc.media.recording.reader import RecordingEpoch, RecordingFootage
from streamproc.timebase import NS, to_ns
from tests.live import GOP, HEIGHT, WIDTH, Daemon, draw_broadcast, frame_kind, read_number, some_seconds
from tests.live import wait_until as wait
from tests.servers import Publisher, RtmpServer

VICTIMS = ("analyser", "web", "recorder", "supervisor")
EACH = 13
"""Times each is killed; first those that leave the recording running, so that there is a long epoch to analyse."""
ALLOWED_LOSS_S = 1.0
EDGE = 100
"""Frames from an epoch's edge within which a change may go unseen: too little of one side was recorded."""

pytestmark = [pytest.mark.nginx, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Aftermath:
    """What is left when the killing is over."""

    kills: list[tuple[str, int]]
    """Victim and wall time in nanoseconds."""
    epochs: list[RecordingEpoch]
    """The recording up to the moment at which all is over."""
    segments: list[dict[str, Any]]
    """The catalogue's, in order, some time after that."""

    def of_epoch(self, epoch: RecordingEpoch) -> list[dict[str, Any]]:
        return [segment for segment in self.segments if segment["epoch"] == epoch.id]


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Aftermath:
    """A daemon is killed at random moments, each process many times, then left in peace for a while."""
    folder = tmp_path_factory.mktemp("kills")
    footage = draw_broadcast(folder / "broadcast.mp4")
    quick = "[channels.ingest]\nretry_initial_s = 0.2\nretry_max_s = 0.5\n"
    chance = random.Random(20261121)
    with (
        RtmpServer(folder) as server,
        Publisher(footage, server.url("x"), loops=100),
        Daemon(folder, f'url = "{server.url("x")}"', extra=quick) as daemon,
    ):
        kills = [kill_one(daemon, chance, victim) for victim in VICTIMS[:2] * EACH + VICTIMS[2:] * EACH]
        wait(lambda: is_recording(daemon), 120, "recording after the last kill")
        time.sleep(25)
        daemon.stop()
        recorded = list(RecordingFootage(folder / "data" / "recording" / "test").epochs())
        daemon.start()  # settles what the stop left open, while the feed is still on air
        wait(lambda: has_settled(daemon, recorded[-1]), 120, "settled epochs")
        segments = daemon.items("segments")
    return Aftermath(kills, recorded, segments)


def kill_one(daemon: Daemon, chance: random.Random, victim: str) -> tuple[str, int]:
    """Kill the next one: mostly while all is well, sometimes while it is still recovering from the last kill."""
    if chance.random() < 0.75:
        wait(lambda: is_recording(daemon), 120, "recording after a kill")
    some_seconds(chance, 0, 3)
    return victim, daemon.kill(victim)


def is_recording(daemon: Daemon) -> bool:
    return bool(daemon.ask("/api/v1/channels/test")["health"]["state"] == "recording")


def has_settled(daemon: Daemon, last: RecordingEpoch) -> bool:
    """Tell whether everything recorded up to the end of an epoch is decided and final."""
    segments = [segment for segment in daemon.items("segments") if segment["epoch"] <= last.id]
    decided = any(segment["epoch"] == last.id and segment["end"] is not None for segment in segments)
    return decided and all(segment["state"] == "final" for segment in segments)


def end_ns(epoch: RecordingEpoch) -> int:
    return epoch.utc_zero_ns + to_ns(epoch.end())


def first_number(epoch: RecordingEpoch) -> int:
    """Return the number that the epoch's first picture carries."""
    packet = next(iter(epoch.keyframes()))
    frame = KeyframeDecoder(epoch.format.video).decode(packet)
    assert frame is not None
    return read_number(frame.crop((0, 0, WIDTH, HEIGHT)).mean(axis=2).astype(np.uint8))


def test_at_least_fifty_processes_were_killed(aftermath: Aftermath) -> None:
    assert len(aftermath.kills) >= 50


def test_a_killed_recorder_had_written_all_but_the_last_second(aftermath: Aftermath) -> None:
    deadly = [ns for victim, ns in aftermath.kills if victim in ("recorder", "supervisor")]
    losses = []
    for epoch in aftermath.epochs:
        if epoch.end_reason() == "killed":  # not by a recorder that noticed the end of its supervisor, and closed it
            killed_ns = deadly[bisect_left(deadly, epoch.utc_zero_ns)]
            losses.append((killed_ns - end_ns(epoch)) / NS)
    assert losses
    assert max(losses) <= ALLOWED_LOSS_S


def test_killing_the_analyser_or_the_page_leaves_the_recording_alone(aftermath: Aftermath) -> None:
    ends = [end_ns(epoch) for epoch in aftermath.epochs[:-1]]
    dangerous = [ns for victim, ns in aftermath.kills if victim in ("recorder", "supervisor")]
    assert [end for end in ends if not any(abs(end - ns) < 3 * NS for ns in dangerous)] == []


def test_every_epoch_has_segments_from_its_start_to_its_end(aftermath: Aftermath) -> None:
    for epoch in aftermath.epochs:
        segments = aftermath.of_epoch(epoch)
        edges = [Fraction(segment["start"]["time"]) for segment in segments] + [Fraction(segments[-1]["end"]["time"])]
        assert (edges[0], edges[-1]) == (0, epoch.end())
        assert edges == sorted(set(edges))
        assert edges[1:-1] == [Fraction(segment["end"]["time"]) for segment in segments[:-1]]


def test_no_change_is_lost_doubled_or_misplaced(aftermath: Aftermath) -> None:
    seen = 0
    for epoch in aftermath.epochs:
        first, frames = first_number(epoch), epoch.frame_number(epoch.end())
        true = [n - first for n in range(first + 1, first + frames) if frame_kind(n) != frame_kind(n - 1)]
        found = [segment["start"]["frame"] for segment in aftermath.of_epoch(epoch)[1:]]
        assert set(found) <= set(true)
        certain = {frame for frame in true if EDGE <= frame <= frames - EDGE}
        assert certain <= set(found)
        seen += len(certain)
    assert seen >= 4


def test_every_finished_programme_has_one_clip(aftermath: Aftermath) -> None:
    finished = [s for s in aftermath.segments if s["kind"] == "programme" and s["state"] == "final"]
    assert finished
    assert all(segment["clip"] is not None for segment in finished)


def test_the_recording_begins_each_epoch_at_a_keyframe_of_the_source(aftermath: Aftermath) -> None:
    assert {first_number(epoch) % GOP for epoch in aftermath.epochs} == {0}
