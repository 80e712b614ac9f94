"""What stays in pictures that change."""

import cv2
import numpy as np
import pytest

from streamproc.training.find.candidates import Lines, inside_rim, propose
from streamproc.training.find.gradients import Edges, edges, persistence

SHAPE = 120, 200


def changing(count: int = 40) -> np.ndarray:
    rng = np.random.default_rng(4)
    coarse = rng.integers(20, 220, (count, 15, 25), np.uint8)
    return np.stack([cv2.resize(one, SHAPE[::-1], interpolation=cv2.INTER_CUBIC) for one in coarse])


def test_an_edge_points_to_the_brighter_side_and_is_at_most_one_long() -> None:
    picture = np.zeros((1, 9, 9), np.uint8)
    picture[:, :, 5:] = 200
    field = edges(picture)[0]
    assert field.shape == (2, 9, 9)
    assert field[0, 4, 4] == pytest.approx(1.0, abs=0.01)
    assert field[1, 4, 4] == 0
    assert (np.hypot(*field) <= 1).all()


def test_what_stays_has_as_much_evidence_as_there_are_pictures() -> None:
    luma = changing()
    luma[:, 20:32, 30:60] = 250
    luma[:, 24:28, 36:54] = 10
    evidence = persistence(luma, np.ones(len(luma), np.float32)).evidence
    assert evidence[24:28, 36:54].max() > 0.8 * len(luma)
    assert np.median(evidence) < 2


def test_a_mark_is_proposed_and_a_line_across_the_picture_is_not() -> None:
    luma = changing()
    luma[:, 20:32, 30:60] = 250
    luma[:, 24:28, 36:54] = 10
    luma[:, 100:] = 0
    evidence = persistence(luma, np.ones(len(luma), np.float32)).evidence
    lines = Lines.of(evidence)
    rows = np.flatnonzero(lines.rows)
    assert {99, 100} <= set(rows.tolist())
    assert rows.min() > 90
    (left, top, right, bottom), *others = (
        proposal.box for proposal in propose(evidence * lines.off() * inside_rim(SHAPE), lines)
    )
    assert not others
    assert (abs(left - 30), abs(top - 20), abs(right - 60), abs(bottom - 32)) <= (2, 2, 2, 2)


def test_a_line_is_taken_out_and_what_lies_across_it_stays_on_both_sides() -> None:
    total = np.ones((2, 20, 40), np.float32)
    rest = Lines(np.arange(20) == 10, np.zeros(40, bool)).removed(total)
    assert (rest[:, 10] == 0).all()
    assert (rest[:, np.arange(20) != 10] == 1).all()


def test_edges_kept_as_bytes_add_up_and_match_as_floats_do() -> None:
    luma = changing(300)
    fields, kept = edges(luma), Edges.of(luma)
    weights = np.random.default_rng(1).uniform(0, 1, (2, len(luma)))
    assert len(kept) == len(luma)
    assert kept.sums(weights) == pytest.approx(np.einsum("kn,ncyx->kcyx", weights, fields), abs=0.5)
    assert kept.energy(weights[0]) == pytest.approx(np.einsum("n,ncyx->yx", weights[0], fields**2), abs=0.5)
    mark = fields.mean(axis=0)
    direct = np.einsum("ncyx,cyx->n", fields, mark) / (mark**2).sum()
    assert kept.matches(np.stack([mark, 2 * mark])) == pytest.approx(np.stack([direct, direct / 2], axis=1), abs=0.05)


def test_edges_are_left_out_where_a_mark_may_not_be() -> None:
    allowed = np.zeros(SHAPE, bool)
    allowed[:, :50] = True
    kept = Edges.of(changing(3), allowed).coded
    assert kept[:, :, :, :50].any()
    assert not kept[:, :, :, 50:].any()
