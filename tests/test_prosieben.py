"""Counting on the real crops: which labels hold, and what is right by them."""

import json

import numpy as np

from benchmarks.prosieben import LABELS, count, label_sets
from streamproc.training.crops import SortedCrops

LISTED = json.loads(LABELS.read_text(encoding="utf-8"))["crops"]


def crops() -> SortedCrops:
    """The listed crops, and one of each kind whose label nobody disputes."""
    names = (*(entry["crop"] for entry in LISTED), "tranche1/logo/1.png", "tranche1/no_logo/2.png")
    present = np.array(["/logo/" in name for name in names])
    return SortedCrops(np.zeros((len(names), 2, 2, 3), np.uint8), present, names)


def test_every_listed_crop_shows_the_contrary_of_its_folder_or_a_fade() -> None:
    for entry in LISTED:
        folder = entry["crop"].split("/")[1]
        assert entry["shows"] in ({"bug"} if folder == "no_logo" else {"nothing", "fade"})
        assert entry["how"] in {"whole", "part"}


def test_labels_set_right_differ_from_those_as_they_are_where_the_list_says() -> None:
    sets = label_sets(crops())
    changed = sets["as labelled"].present != sets["set right, fade as bug"].present
    fades = [entry["shows"] == "fade" for entry in LISTED]
    assert changed.tolist() == [*(not fade for fade in fades), False, False]
    both = sets["set right, fade as bug"].present != sets["set right, fade as none"].present
    assert both.tolist() == [*fades, False, False]


def test_bugs_seen_in_part_are_not_counted_where_they_are_to_be_left_out() -> None:
    counted = label_sets(crops())["set right, without bugs seen in part"].counted
    assert counted.tolist() == [*(entry["how"] == "whole" for entry in LISTED), True, True]


def test_a_share_is_of_its_own_class() -> None:
    labelled = label_sets(crops())["as labelled"]
    everywhere = np.ones(len(LISTED) + 2, np.bool_)
    counted = count(np.full(len(LISTED) + 2, 3, np.float32), labelled, everywhere)
    with_bug = int(labelled.present.sum())
    assert counted["logo"] == {"right": with_bug, "of": with_bug, "share": 1.0}
    assert counted["no_logo"] == {"right": 0, "of": len(LISTED) + 2 - with_bug, "share": 0.0}
