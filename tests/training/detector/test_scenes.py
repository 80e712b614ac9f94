"""Drawn pictures: bugs lie where they are said to lie, are what was asked for, and what is held out stays out."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from streamproc.errors import ConfigError
from streamproc.training.backgrounds import Group
from streamproc.training.detector.material import Footage, Material, brand, gather, held_out
from streamproc.training.detector.scenes import HEIGHT, WIDTH, Plan, Scene, as_input, draw

GREY = np.full((360, 640, 3), 110, np.uint8)


@pytest.fixture(scope="module")
def material() -> Material:
    logo = np.zeros((40, 80, 4), np.uint8)
    logo[:, :, :] = 255
    return Material((("plain", logo),), (Group("grey", [GREY]),))


@pytest.fixture(scope="module")
def scenes(material: Material) -> list[Scene]:
    plan = Plan(bugs=(0.0, 0.5, 0.5), clutter=0)
    return [draw(material, plan, np.random.default_rng((3, number))) for number in range(12)]


def test_a_picture_is_as_the_network_takes_it(scenes: list[Scene]) -> None:
    assert {scene.picture.shape for scene in scenes} == {(HEIGHT, WIDTH, 3)}


def test_bugs_are_as_wide_and_as_opaque_as_on_air(scenes: list[Scene]) -> None:
    for bug in (bug for scene in scenes for bug in scene.bugs):
        left, top, right, bottom = bug.box
        assert 0.02 <= right - left <= 0.155
        assert bottom - top <= 0.21
        assert 0.3 <= bug.opacity <= 1


def test_bugs_of_a_picture_do_not_overlap(scenes: list[Scene]) -> None:
    pairs = [scene.bugs for scene in scenes if len(scene.bugs) == 2]
    assert pairs
    for first, second in pairs:
        apart = (first.box[0] > second.box[2] or second.box[0] > first.box[2]) or (
            first.box[1] > second.box[3] or second.box[1] > first.box[3]
        )
        assert apart


def test_on_a_plain_ground_the_picture_changes_inside_the_boxes_alone(scenes: list[Scene]) -> None:
    outside_changes = []
    for scene in scenes:
        outside = np.ones((HEIGHT, WIDTH), bool)
        for bug in scene.bugs:
            left, top, right, bottom = np.array(bug.box) * (WIDTH, HEIGHT, WIDTH, HEIGHT)
            outside[int(top) - 3 : int(bottom) + 4, int(left) - 3 : int(right) + 4] = False
        luma = scene.picture.astype(float).mean(axis=2)
        outside_changes.append(np.abs(luma - np.median(luma[outside]))[outside].max())
    assert max(outside_changes) < 12  # what coding leaves around an edge


def test_the_same_seed_draws_the_same_picture(material: Material) -> None:
    first, second = (draw(material, Plan(), np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first.picture, second.picture)
    assert first.bugs == second.bugs


def test_a_white_bug_on_white_is_not_to_be_found(material: Material) -> None:
    white = Material(material.logos, (Group("white", [np.full((360, 640, 3), 255, np.uint8)]),))
    drawn = [draw(white, Plan(bugs=(0.0, 1.0), clutter=0), np.random.default_rng((9, n))) for n in range(30)]
    bright = [bug for scene in drawn for bug in scene.bugs if bug.light > 254]
    unseen = [bug for bug in bright if not bug.is_seen]
    assert unseen
    assert all(bug.contrast < 5 for bug in unseen)


def test_a_picture_of_any_shape_is_scaled_whole() -> None:
    assert as_input(np.zeros((480, 640, 3), np.uint8)).shape == (HEIGHT, WIDTH, 3)


def test_channels_of_one_brand_stay_on_one_side() -> None:
    sides = {held_out(brand(Path(f"south-africa__supersport-{number}.png"))) for number in range(20)}
    assert len(sides) == 1


def test_the_two_sides_share_no_logo_and_no_ground(tmp_path: Path) -> None:
    logo = np.full((20, 40, 4), 255, np.uint8)
    logo[:5] = 0
    (tmp_path / "logos").mkdir()
    (tmp_path / "stills").mkdir()
    for number in range(24):
        cv2.imwrite(str(tmp_path / "logos" / f"x__brand{number}-1.png"), logo)
        cv2.imwrite(str(tmp_path / "stills" / f"{number}.jpg"), GREY)
    footage = Footage(paths=(tmp_path / "stills",), measured=("7",))
    learn, measured = (gather(tmp_path / "logos", footage, measuring=measuring) for measuring in (False, True))
    assert not {name for name, _ in learn.logos} & {name for name, _ in measured.logos}
    grounds = [{group.name for group in side.grounds} - {"drawn"} for side in (learn, measured)]
    assert not grounds[0] & grounds[1]
    assert "7.jpg" in grounds[1]
    assert len([name for side in grounds for name in side if name.endswith(".jpg")]) == 24


def test_a_folder_without_logos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--data takes a folder of logos"):
        gather(tmp_path, Footage(), measuring=False)


def test_footage_that_is_not_there_is_refused(tmp_path: Path) -> None:
    logo = np.full((20, 40, 4), 255, np.uint8)
    for number in range(12):
        cv2.imwrite(str(tmp_path / f"x__brand{number}.png"), logo)
    with pytest.raises(ConfigError, match="is not there"):
        gather(tmp_path, Footage(paths=(tmp_path / "missing",)), measuring=False)
