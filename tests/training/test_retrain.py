"""Learning a model again: which one stays, and what is refused.

Training runs in a process of its own: TensorFlow's warnings are not ours to mend.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import pytest

from streamproc.catalogue import Catalogue
from streamproc.demo.bug import BUG_LEFT, draw_bug
from streamproc.errors import ConfigError, ModelError
from streamproc.inference.card import read_card
from streamproc.inference.session import LogoModel
from streamproc.logic.labels import Label
from streamproc.media.recording.reader import RecordingFootage
from streamproc.messages import Change, Kind, Method, Placement, Position
from streamproc.timebase import SystemClock
from streamproc.training.retrain import Marks, Watched, learn_first, replace_model, retrain, verdict
from tests.media.recorded import record
from tests.stages.broadcast import DEMO, Part, broadcast

pytestmark = pytest.mark.timeout(300)
P, A = Kind.PROGRAMME, Kind.ADVERT
MARKS = Marks(mistakes=0.1, mistakes_programme=0.2, mistakes_advert=0.0, cross_entropy=0.5, agrees=None)
RETRAIN = """
import dataclasses, json, sys
from pathlib import Path
from streamproc.catalogue import Catalogue
from streamproc.media.recording.reader import RecordingFootage
from streamproc.timebase import SystemClock
from streamproc.training.retrain import RetrainSettings, retrain
folder = Path(sys.argv[1])
catalogue = Catalogue.open(f"sqlite:///{folder}/catalogue.sqlite", clock=SystemClock())
footage = RecordingFootage(folder / "recording")
reports = []
for settings in (
    RetrainSettings(crops=900, passes=3, fewest_steps=42),
    RetrainSettings(crops=40, passes=1, fewest_steps=1, seed=1, dry_run=True),
):
    reports.append(dataclasses.asdict(retrain(catalogue, "one", footage, folder / "model", settings)))
print(json.dumps(reports, default=str))
"""

FIRST = """
import dataclasses, json, sys
from pathlib import Path
from streamproc.catalogue import Catalogue
from streamproc.inference.verifier import Verifier, read_reference, shipped_model
from streamproc.demo.model import BUG_BOX
from streamproc.media.recording.reader import RecordingFootage
from streamproc.timebase import SystemClock
from streamproc.training.retrain import RetrainSettings, Watched, learn_first
folder = Path(sys.argv[1])
catalogue = Catalogue.open(f"sqlite:///{folder}/catalogue.sqlite", clock=SystemClock())
footage = RecordingFootage(folder / "recording")
logo = folder / "bug.png"
blind = Verifier.load(shipped_model("verifier")).from_reference(read_reference(logo), BUG_BOX, name="bug.png")
blind.card = blind.card.model_copy(update={"calibration": blind.card.calibration.model_copy(update={"bias": 60.0})})
watched = Watched(logo=logo, box=BUG_BOX, verifier=blind, out=folder / "first")
settings = RetrainSettings(crops=900, passes=3, fewest_steps=42)
print(json.dumps(dataclasses.asdict(learn_first(catalogue, "one", footage, watched, settings)), default=str))
"""


@dataclass(frozen=True)
class Desk:
    """A channel with a recording, a catalogue and a model that sees no bug anywhere."""

    folder: Path
    catalogue: Catalogue
    epoch: int

    def label(self, start: float, end: float, kind: Kind) -> None:
        label = Label(epoch=self.epoch, start=Fraction(start), end=Fraction(end), kind=kind)
        self.catalogue.add_label("one", label, "anna")

    def retrain(self) -> None:
        retrain(self.catalogue, "one", RecordingFootage(self.folder / "recording"), self.folder / "model")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eighteen seconds with the bug, then twenty-four without."""
    folder = tmp_path_factory.mktemp("recorded")
    broadcast(folder / "feed.mp4", [Part(True, [75] * 6), Part(False, [75] * 8)])
    record(folder / "feed.mp4", folder / "recording")
    return folder


@pytest.fixture
def desk(recorded: Path, tmp_path: Path) -> Iterator[Desk]:
    yield from begin(recorded, tmp_path)


def begin(recorded: Path, folder: Path) -> Iterator[Desk]:
    shutil.copytree(recorded / "recording", folder / "recording")
    shutil.copytree(DEMO, folder / "model")
    blind = read_card(folder / "model")
    blind.model_copy(update={"calibration": blind.calibration.model_copy(update={"bias": 60.0})}).write(
        folder / "model"
    )
    catalogue = Catalogue.open(f"sqlite:///{folder}/catalogue.sqlite", clock=SystemClock())
    catalogue.put_channel("one", "One", "demo", "0" * 64)
    epoch = RecordingFootage(folder / "recording").epochs()[0]
    catalogue.begin_epoch("one", epoch.id, utc_zero_ns=epoch.utc_zero_ns, frame_rate=None, description="")
    _decide(catalogue, epoch.id)
    yield Desk(folder, catalogue, epoch.id)
    catalogue.close()


def _decide(catalogue: Catalogue, epoch: int) -> None:
    """Write down that the programme ends and the advert begins at 18 s, for good."""
    for before, after, time, method in ((Kind.UNKNOWN, P, 0, Method.EPOCH), (P, A, 18, Method.CUT)):
        first = Fraction(time + 1)
        change = Change(epoch=epoch, before=before, after=after, last_old=None, first_new=first, decided=first)
        at = Placement(time=Fraction(time), frame=time * 25, confidence=1.0, method=method)
        boundary = catalogue.add_change("one", change, at, Position(epoch=epoch, time=first, memory="{}"))
        if after is A and boundary is not None:
            catalogue.finalize(boundary, at)
    catalogue.end_epoch("one", epoch, Fraction(42), 1050, "ended")


@pytest.fixture(scope="module")
def reports(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[dict[str, Any]]]]:
    """What a run, and a dry run with next to no training, said one after the other."""
    for desk in begin(recorded, tmp_path_factory.mktemp("retrain")):
        desk.label(0, 18, P)
        desk.label(18, 32, A)
        yield desk.folder, json.loads(_python(RETRAIN, desk.folder))


def _python(program: str, folder: Path) -> str:
    """Run a program that trains in a process of its own; return the last line of what it printed."""
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-c", program, str(folder)]
    done = subprocess.run(command, env=quiet, capture_output=True, text=True, timeout=290, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_a_better_model_takes_the_old_ones_place_which_stays_beside_it(
    reports: tuple[Path, list[dict[str, Any]]],
) -> None:
    folder, (done, _) = reports
    assert done["replaced"] is True
    assert done["why"].startswith("the new model is better: ")
    card = read_card(folder / "model")
    assert card.metrics["against_the_former"]["old"]["mistakes"] == 0.5
    assert card.region == read_card(DEMO).region
    assert read_card(Path(done["previous"])).calibration.bias == 60.0
    assert Path(done["previous"]).name.startswith("model.previous-20")


def test_a_worse_model_is_refused_and_says_why(reports: tuple[Path, list[dict[str, Any]]]) -> None:
    done, refused = reports[1]
    assert refused["replaced"] is False
    assert refused["new"]["mistakes"] > refused["old"]["mistakes"]
    assert "mistakes against" in refused["why"]
    assert refused["old"] == done["new"]


def test_a_dry_run_shows_the_figures_and_leaves_nothing(reports: tuple[Path, list[dict[str, Any]]]) -> None:
    folder, (done, dry) = reports
    assert (dry["previous"], dry["candidate"]) == (None, None)
    assert sorted(path.name for path in folder.glob("model*")) == ["model", Path(done["previous"]).name]


def test_what_a_model_is_judged_by_it_has_not_learnt_from(reports: tuple[Path, list[dict[str, Any]]]) -> None:
    done = reports[1][0]
    assert done["judged_by"]["programme"] >= 15
    assert done["judged_by"]["advert"] >= 5
    assert done["judged_by"]["confident"] >= 2
    assert done["taught_by"]["corrected"] >= 50
    assert done["stood_in"] == []


def test_a_channel_with_its_logo_alone_gets_a_first_model_that_is_better_than_the_verifier(
    recorded: Path, tmp_path: Path
) -> None:
    for desk in begin(recorded, tmp_path):
        desk.label(0, 18, P)
        desk.label(18, 32, A)
        cv2.imwrite(str(tmp_path / "bug.png"), cv2.cvtColor(draw_bug(720), cv2.COLOR_RGBA2BGRA))
        done = json.loads(_python(FIRST, desk.folder))
    assert (done["first"], done["replaced"], done["previous"]) == (True, True, None)
    assert done["old"]["mistakes"] == 0.5
    card = read_card(tmp_path / "first")
    assert card.name == "one"
    assert card.region.x < BUG_LEFT < card.region.x + card.region.width
    assert card.metrics["against_the_former"]["new"]["mistakes"] < 0.5
    assert "the channel's logo as a PNG, drawn over other pictures" in card.data


def test_a_first_model_takes_nothings_place(desk: Desk) -> None:
    model = LogoModel.load(desk.folder / "model")
    watched = Watched(logo=Path("bug.png"), box=model.card.region, verifier=model, out=desk.folder / "model")
    with pytest.raises(ConfigError, match="model: is there already; name it as model of channel 'one'"):
        learn_first(desk.catalogue, "one", RecordingFootage(desk.folder / "recording"), watched)


@pytest.mark.parametrize(
    ("new", "better", "says"),
    [
        (replace(MARKS, mistakes=0.05), True, "5.00% mistakes against 10.00%"),
        (replace(MARKS, mistakes=0.2, cross_entropy=0.1), False, "is worse"),
        (replace(MARKS, cross_entropy=0.4), True, "odds are better: cross entropy 0.4000 against 0.5000"),
        (replace(MARKS, cross_entropy=0.495), False, "is no better"),
        (replace(MARKS, mistakes=0.0, agrees=0.97), False, "contradicts 3.0%"),
        (replace(MARKS, mistakes=0.0, agrees=0.99), True, "is better"),
    ],
)
def test_the_rule_decides_which_model_stays(new: Marks, better: bool, says: str) -> None:
    decided, why = verdict(MARKS, new)
    assert (decided, says in why) == (better, True)


def test_a_candidate_that_is_gone_leaves_the_old_model_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(ModelError, match="the old one stays"):
        replace_model(tmp_path / "model", tmp_path / "nowhere")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_without_a_label_there_is_nothing_to_judge_by(desk: Desk) -> None:
    with pytest.raises(ConfigError, match=r"has no labels.*streamproc logo label"):
        desk.retrain()


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ([(0, 3, P), (3, 42, A)], r"1\d frames of programme to learn from and 0 to judge by"),
        ([(0, 42, P)], "0 frames of advert to learn from and 0 to judge by are too few"),
    ],
)
def test_too_little_that_is_labelled_is_refused_with_what_to_do(
    desk: Desk, labels: list[tuple[float, float, Kind]], says: str
) -> None:
    for label in labels:
        desk.label(*label)
    with pytest.raises(ConfigError, match=says):
        desk.retrain()
    assert [path.name for path in desk.folder.glob("model*")] == ["model"]
