import random
import signal
import subprocess
import sys
import time

from streamproc.catalogue import Catalogue
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
