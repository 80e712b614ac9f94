"""Learning from crops that somebody has sorted: what is read, what is left out, what is drawn, what comes out."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from streamproc.errors import ConfigError, SourceError
from streamproc.inference.card import Region, read_card
from streamproc.training import backgrounds
from streamproc.training.composite import overlay
from streamproc.training.crops import Lesson, SortedCrops, doubtful, joined, learn_from_crops, looks, moved, read_crops
from streamproc.training.dataset import Shows

SIDE = 40
REGION = Region(x=0.9, y=0.05, width=0.04, height=0.07)
TRAIN = """
import json, sys
from pathlib import Path
from streamproc.inference.card import Region
from streamproc.training.course import LearnSettings
from streamproc.training.crops import learn_from_crops
folders, out = [Path(name) for name in sys.argv[2:]], Path(sys.argv[1])
region = Region(x=0.9, y=0.05, width=0.04, height=0.07)
report = learn_from_crops(folders, region, out, LearnSettings(crops=100, passes=1, fewest_steps=3))
print(json.dumps({"metrics": report.card.metrics, "notes": report.notes}))
"""


def bug(opacity: int = 255) -> NDArray[np.uint8]:
    """A white plate with a red disc in it, in a free margin."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    logo = np.zeros((SIDE, SIDE, 4), np.uint8)
    logo[8:32, 8:32] = (255, 255, 255, opacity)
    logo[np.hypot(rows - 20, columns - 20) < 8, :3] = (200, 20, 20)
    return logo


def recording(seed: int, count: int = 60) -> SortedCrops:
    """Half with the bug, two of three times solid and one time translucent; the very last of both halves missorted."""
    rng = np.random.default_rng(seed)
    scenes = backgrounds.drawn(rng, 6).pictures
    images, names = [], []
    present = np.arange(count) < count // 2
    for number in range(count):
        scene = scenes[number % len(scenes)]
        top, left = (int(rng.integers(0, side - SIDE)) for side in scene.shape[:2])
        ground = scene[top : top + SIDE, left : left + SIDE]
        shown = present[number] if number not in (count // 2 - 1, count - 1) else not present[number]
        images.append(overlay(ground, bug(110 if number % 3 == 0 else 255), 0, 0, float(shown)))
        names.append(f"night/{'logo' if present[number] else 'no_logo'}/{number}.png")
    return SortedCrops(np.stack(images), present, tuple(names))


def write(crops: SortedCrops, folder: Path) -> Path:
    for number, (image, present) in enumerate(zip(crops.images, crops.present, strict=True)):
        path = folder / ("logo" if present else "no_logo") / f"{number:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image[:, :, ::-1])
    return folder


@pytest.fixture(scope="module")
def night() -> SortedCrops:
    return recording(1)


def test_crops_are_read_as_they_were_sorted(night: SortedCrops, tmp_path: Path) -> None:
    read = read_crops(write(night, tmp_path / "night"), (SIDE, SIDE))
    assert np.array_equal(read.images, night.images)
    assert np.array_equal(read.present, night.present)
    assert read.names[0] == "night/logo/000.png"


def test_crops_of_other_sizes_are_scaled(night: SortedCrops, tmp_path: Path) -> None:
    folder = write(night, tmp_path / "night")
    cv2.imwrite(str(folder / "logo" / "large.png"), np.full((80, 100, 3), 9, np.uint8))
    assert read_crops(folder, (24, 16)).images.shape == (61, 16, 24, 3)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="logo: holds no picture"):
        read_crops(tmp_path, (SIDE, SIDE))


def test_a_file_that_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "logo").mkdir()
    (tmp_path / "logo" / "one.png").write_text("none")
    with pytest.raises(SourceError, match=r"one\.png: is not a picture"):
        read_crops(tmp_path, (SIDE, SIDE))


def test_two_looks_of_the_bug_are_told_apart() -> None:
    found = looks(joined([recording(1), recording(2)]))
    opacities = [float(np.median(look[10:30, 10:30, 3])) for look in found]
    assert opacities == pytest.approx([255, 110], abs=12)


def test_crops_that_show_the_contrary_of_their_label_are_left_out(night: SortedCrops) -> None:
    assert np.flatnonzero(doubtful(night, [bug(), bug(110)])).tolist() == [29, 59]


def test_a_lesson_holds_the_bug_nothing_and_other_logos(night: SortedCrops) -> None:
    lesson = Lesson(night, [backgrounds.drawn(np.random.default_rng(3), 6)], (48, 40)).crops(
        200, np.random.default_rng(4)
    )
    assert lesson.images.shape == (200, 40, 48, 3)
    assert set(lesson.shows) == {Shows.BUG, Shows.NOTHING, Shows.FOREIGN}
    assert 0.35 < lesson.targets.mean() < 0.65
    assert all((kind is Shows.BUG) == (target == 1) for kind, target in zip(lesson.shows, lesson.targets, strict=True))


def test_a_moved_crop_keeps_its_size_and_nearly_its_light(night: SortedCrops) -> None:
    seen = moved(night.images[0], np.random.default_rng(0))
    assert seen.shape == (SIDE, SIDE, 3)
    assert not np.array_equal(seen, night.images[0])
    assert abs(float(seen.mean()) - float(night.images[0].mean())) < 0.3 * 255


def test_too_few_crops_of_one_kind_are_refused(night: SortedCrops) -> None:
    with pytest.raises(ConfigError, match="30 crops with the bug, 0 without"):
        Lesson(night.chosen(night.present), [], (SIDE, SIDE))


def test_no_folders_and_crops_of_unlike_sizes_are_refused(night: SortedCrops, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no folder"):
        learn_from_crops([], REGION, tmp_path)
    other = SortedCrops(night.images[:, :20], night.present, night.names)
    with pytest.raises(ConfigError, match="one size"):
        joined([night, other])


def test_a_model_is_learnt_from_one_recording_and_examined_on_the_other(tmp_path: Path) -> None:
    folders = [write(recording(seed), tmp_path / f"night{seed}") for seed in (1, 2)]
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-c", TRAIN, str(tmp_path / "model"), *map(str, folders)]
    done = subprocess.run(command, env=quiet, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert read_card(tmp_path / "model").region == REGION
    assert told["metrics"]["held_out_crops"] == 60
    assert "night1/logo/029.png" in told["notes"][0]
    assert "night1/no_logo/059.png" in told["notes"][0]
