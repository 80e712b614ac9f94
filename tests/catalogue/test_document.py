from fractions import Fraction
from typing import Any

from streamproc.catalogue.document import segments_document
from streamproc.messages import Kind

P, A = Kind.PROGRAMME, Kind.ADVERT


def test_segments_of_two_epochs_follow_each_other_on_one_timeline(feed: Any) -> None:
    feed.begin(utc_zero_ns=None)
    feed.name(P)
    first = feed.change(P, A, 20)
    feed.catalogue.finalize(first, feed.place(20))
    feed.end(60)
    feed.begin(2, utc_zero_ns=None)
    feed.end(30, 2)
    document = segments_document(feed.catalogue, "one", "day.ts")
    assert document["duration_s"] == 90
    assert document["frame_rate"] == "25/1"
    assert document["model"] == {"name": "model", "sha256": "0" * 64}
    shapes = [(s["kind"], s["start_s"], s["end_s"], s["start_frame"], s["end_frame"]) for s in document["segments"]]
    assert shapes == [
        ("programme", 0, 20, 0, 500),
        ("advert", 20, 60, 500, 1500),
        ("unknown", 60, 90, 1500, 2250),
    ]


def test_the_first_segment_says_all_the_contract_names(feed: Any) -> None:
    feed.begin()
    feed.name(P)
    feed.end(Fraction(1001, 25))
    feed.catalogue.clip_ready(feed.catalogue.next_clip().id, "clips/one/a.mp4", 5, "")
    assert segments_document(feed.catalogue, "one", "day.ts")["segments"] == [
        {
            "id": 1,
            "kind": "programme",
            "start_s": 0.0,
            "end_s": 40.04,
            "start_frame": 0,
            "end_frame": 1001,
            "start_utc": "2026-09-21T14:13:20.000Z",
            "end_utc": "2026-09-21T14:14:00.040Z",
            "confidence": 0.9,
            "state": "final",
            "title": None,
            "clip": "clips/one/a.mp4",
        }
    ]


def test_what_still_runs_has_no_duration_and_no_end(feed: Any) -> None:
    feed.begin()
    document = segments_document(feed.catalogue, "one", "live")
    assert document["duration_s"] is None
    assert (document["segments"][0]["end_s"], document["segments"][0]["end_frame"]) == (None, None)
