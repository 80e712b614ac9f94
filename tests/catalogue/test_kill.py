import random
import signal
import subprocess
import sys
import time
from itertools import pairwise

from streamproc.catalogue import Catalogue, ClipState
from streamproc.messages import Kind
from streamproc.timebase import ManualClock

# An analyser: it goes on from its saved position, decides every four seconds of footage, refines, cuts, and is killed.
ANALYSER = """
import sys
from fractions import Fraction
from streamproc.catalogue import Catalogue
from streamproc.messages import Change, Kind, Method, Placement, Position
from streamproc.timebase import ManualClock

catalogue = Catalogue.open(sys.argv[1], clock=ManualClock())
catalogue.put_channel("one", "One", None, None)
catalogue.begin_epoch("one", 1, utc_zero_ns=0, frame_rate=Fraction(25), description="")
catalogue.requeue_clips()
position = catalogue.position("one")
number = 0 if position is None else int(position.memory) + 1
print("up", flush=True)
kinds = (Kind.PROGRAMME, Kind.ADVERT)
while number < 400:
    after, before = kinds[number % 2], kinds[(number + 1) % 2] if number else Kind.UNKNOWN
    time = Fraction(4 * number)
    change = Change(epoch=1, before=before, after=after, last_old=None, first_new=time, decided=time + 1)
    at = Placement(time=time, frame=None, confidence=1, method=Method.SAMPLE if number else Method.EPOCH)
    catalogue.add_change("one", change, at, Position(epoch=1, time=time + 1, memory=str(number)))
    for row in catalogue.provisional("one"):
        catalogue.finalize(row.id, Placement(time=row.time + 1, frame=None, confidence=1, method=Method.CUT))
    while (job := catalogue.next_clip()) is not None:
        catalogue.clip_ready(job.id, f"{job.segment_id}.mp4", 1, "")
    number += 1
catalogue.end_epoch("one", 1, Fraction(1600), None, "stopped")
while (job := catalogue.next_clip()) is not None:
    catalogue.clip_ready(job.id, f"{job.segment_id}.mp4", 1, "")
"""


def test_no_segment_and_no_clip_is_lost_or_doubled_however_often_the_analyser_is_killed(url: str) -> None:
    chance = random.Random(7)
    for _ in range(4):
        analyser = subprocess.Popen([sys.executable, "-c", ANALYSER, url], stdout=subprocess.PIPE)
        assert analyser.stdout is not None
        analyser.stdout.readline()
        time.sleep(chance.uniform(0, 0.8))
        analyser.send_signal(signal.SIGKILL)
        analyser.communicate()
    subprocess.run([sys.executable, "-c", ANALYSER, url], check=True, stdout=subprocess.DEVNULL, timeout=120)
    catalogue = Catalogue.open(url, clock=ManualClock())
    segments = catalogue.segments("one")
    assert [int(row.start.time) for row in segments] == [0, *range(5, 1600, 4)]
    assert [row.kind for row in segments[:2]] * 200 == [row.kind for row in segments]
    assert sorted(clip.segment_id for clip in catalogue.clips("one")) == [row.id for row in segments[:-1:2]]
    catalogue.close()


# An editor: marks a break in each programme that is final, and undoes every third edit, in small transactions.
EDITOR = """
import sys
from fractions import Fraction
from streamproc.catalogue import Catalogue
from streamproc.catalogue.edits import Mark, Point
from streamproc.errors import CatalogueConflict
from streamproc.messages import Kind
from streamproc.timebase import ManualClock

catalogue = Catalogue.open(sys.argv[1], clock=ManualClock())
print("up", flush=True)
number = len(catalogue.edits.of_channel("one")) if catalogue.channels() else 0
while True:
    start = Fraction(8 * number) + 6
    ends = (Point(time=start, frame=None), Point(time=start + 1, frame=None))
    said = Mark(channel="one", epoch=1, start=ends[0], end=ends[1], kind=Kind.PROGRAMME)
    try:
        edit = catalogue.edits.mark(said, "olga")
        number += 1
        if number % 3 == 0:
            catalogue.edits.undo(edit, "olga")
    except CatalogueConflict:
        pass
    except Exception:
        if not catalogue.channels() or not catalogue.epochs("one"):
            continue
        raise
"""


SHORT = ANALYSER.replace("400", "60").replace("1600", "240")


def test_edits_beside_an_analyser_are_whole_or_not_there_however_often_both_are_killed(url: str) -> None:
    chance = random.Random(8)
    for _ in range(4):
        both = [subprocess.Popen([sys.executable, "-c", text, url], stdout=subprocess.PIPE) for text in (SHORT, EDITOR)]
        for process in both:
            assert process.stdout is not None
            process.stdout.readline()
        time.sleep(chance.uniform(0.2, 0.8))
        for process in both:
            process.send_signal(signal.SIGKILL)
            process.communicate()
    subprocess.run([sys.executable, "-c", SHORT, url], check=True, stdout=subprocess.DEVNULL, timeout=120)
    catalogue = Catalogue.open(url, clock=ManualClock())
    edits = catalogue.edits.of_channel("one")
    assert edits
    assert len(catalogue.labels("one")) >= len(edits) - 1
    segments = catalogue.segments("one")
    assert all(row.end is not None and row.end.id == after.start.id for row, after in pairwise(segments))
    assert all(row.kind is not after.kind for row, after in pairwise(segments))
    clips = [clip.segment_id for clip in catalogue.clips("one")]
    assert sorted(clips) == sorted(row.id for row in segments if row.kind is Kind.PROGRAMME)
    assert {clip.state for clip in catalogue.clips("one")} == {ClipState.READY}
    for edit in edits:
        if edit.undone_ns is None and edit.undoes_id is None:
            (row,) = [row for row in segments if row.start.time <= edit.start and row.end.time > edit.start]
            assert row.kind is Kind.PROGRAMME
    catalogue.close()
