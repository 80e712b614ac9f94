"""Looks for what was painted over: reads the recording beside everything else, and gives way to all of it.

One thread of the process examines, for all channels, at the lowest priority that the system gives (``inspector.py``);
what it finds is written by other threads, so that it holds no lock of the catalogue when it has to wait for a core. It
rests while the analysis of its channel is late, and when it is late itself it goes on at the newest keyframe and counts
what it left out (``walk.py``). What it has found and how far it has come is written together (``ledger.py``): one that
was killed goes back a little, so that it knows again what it saw, and takes up the findings that are open
(``events.py``).
"""

from streamproc.stages.inspect.inspector import Inspector, Pulse
from streamproc.stages.inspect.ledger import end_inspection
from streamproc.stages.inspect.stage import InspectStage

__all__ = ["InspectStage", "Inspector", "Pulse", "end_inspection"]
