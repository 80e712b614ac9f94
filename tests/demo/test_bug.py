import numpy as np

from streamproc.demo.bug import BUG_LEFT, BUG_REGION, BUG_TOP, draw_bug


def test_the_bug_is_the_same_share_of_every_picture() -> None:
    assert draw_bug(720).shape == (64, 112, 4)
    assert draw_bug(1080).shape == (96, 168, 4)


def test_the_region_holds_the_whole_bug_with_the_same_margin_on_every_side() -> None:
    left, top, right, bottom = BUG_REGION.pixels(1280, 720)
    x, y = round(BUG_LEFT * 1280), round(BUG_TOP * 720)
    height, width = draw_bug(720).shape[:2]
    assert (x - left, y - top, right - x - width, bottom - y - height) == (16, 16, 16, 16)


def test_the_bug_shows_on_black_and_on_white() -> None:
    bug = draw_bug(720).astype(np.float64)
    alpha = bug[..., 3:] / 255
    for wall in (0.0, 255.0):
        seen = wall + alpha * (bug[..., :3] - wall)
        assert np.abs(seen - wall).max() > 100
