"""A drawn broadcast and a printed schedule: ``process`` names its programmes, and splits two that have no break."""

import json
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from streamproc.cli.root import app
from streamproc.demo.bug import BUG_LEFT, BUG_OPACITY, BUG_TOP, draw_bug
from streamproc.media.encode import Coding, Encoder
from streamproc.training.composite import overlay

DEMO = Path(__file__).parent.parent / "models" / "demo"
WIDTH, HEIGHT, RATE, SOUND = 320, 180, 5, 8_000
SHOT = 45
"""Frames of a shot, so that there are cuts all around the joint."""
PARTS = (("Утро", 300), (None, 60), ("Утро", 420), ("Новости", 480), (None, 60), ("Кино", 180))
"""What is on air, and for how many seconds; nothing is an advert break. Утро and Новости meet without a break."""
JOINT = 780 * RATE
BLACK = 2
"""Frames of black, and of silence, before the joint."""
GUIDE = """<tv>
<channel id="one"><display-name>Первый</display-name></channel>
<programme channel="one" start="20260801060000 +0300" stop="20260801061500 +0300"><title>Утро</title></programme>
<programme channel="one" start="20260801061500 +0300" stop="20260801062000 +0300"><title>Новости</title></programme>
<programme channel="one" start="20260801062000 +0300" stop="20260801062500 +0300"><title>Кино</title></programme>
</tv>"""
"""To five minutes: Новости begin two minutes before their printed time, Кино two minutes after it."""


def pictures() -> Iterator[tuple[NDArray[np.uint8], bool]]:
    """Every frame, and whether it is silent; the bug is on programmes."""
    bug, number = draw_bug(HEIGHT), 0

    @lru_cache(maxsize=2)
    def shot(seed: int, opacity: float) -> NDArray[np.uint8]:
        coarse = np.random.default_rng(seed).uniform(60, 200, (7, 12, 3)).astype(np.float32)
        picture = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)
        return overlay(picture, bug, BUG_LEFT * WIDTH, BUG_TOP * HEIGHT, opacity)

    black = overlay(np.zeros((HEIGHT, WIDTH, 3), np.uint8), bug, BUG_LEFT * WIDTH, BUG_TOP * HEIGHT, BUG_OPACITY)
    for part, (kind, seconds) in enumerate(PARTS):
        for _ in range(seconds * RATE):
            dark = JOINT - BLACK <= number < JOINT
            yield black if dark else shot(1000 * part + number // SHOT, BUG_OPACITY if kind else 0.0), dark
            number += 1


@pytest.fixture(scope="module")
def broadcast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("broadcast") / "morning.mp4"
    coding = Coding(
        width=WIDTH,
        height=HEIGHT,
        rate=Fraction(RATE),
        bit_rate=700_000,
        preset="ultrafast",
        gop_frames=10,
        audio_rate=SOUND,
    )
    noise = np.random.default_rng(1).normal(0, 0.1, SOUND // RATE).astype(np.float32)
    with Encoder(str(path), coding) as encoder:
        for picture, dark in pictures():
            encoder.write(picture, np.stack([noise, noise]) * (not dark))
    return path


def run(broadcast: Path, folder: Path, *options: str, guide: str = GUIDE) -> tuple[int, str]:
    schedule = folder / "guide.xml"
    schedule.write_text(guide, encoding="utf-8")
    arguments = ["process", str(broadcast), "--model", str(DEMO), "--out", str(folder), "--schedule", str(schedule)]
    result = CliRunner().invoke(app, [*arguments, *options])
    return result.exit_code, f"{result.output}{result.exception or ''}"


@pytest.mark.timeout(600)
def test_programmes_get_their_names_and_two_without_a_break_are_split_at_their_joint(
    broadcast: Path, tmp_path: Path
) -> None:
    code, said = run(broadcast, tmp_path, "--start", "2026-08-01T06:00+03:00")
    assert code == 0, said
    document = json.loads((tmp_path / "segments.json").read_text(encoding="utf-8"))
    programmes = document["programmes"]
    assert [one["title"] for one in programmes] == ["Утро", "Новости", "Кино"]
    morning, news, film = (
        [(round(part["start_s"] * RATE), round(part["end_s"] * RATE)) for part in one["parts"]] for one in programmes
    )
    assert morning == [(0, 300 * RATE), (360 * RATE, JOINT)]
    assert news == [(JOINT, 1260 * RATE)]
    assert film == [(1320 * RATE, 1500 * RATE)]
    assert not programmes[0]["parts"][1]["end_sure"]
    assert not programmes[1]["parts"][0]["start_sure"]
    titles = {(one["kind"], one["title"]) for one in document["segments"]}
    assert titles == {("programme", "Утро"), ("programme", "Новости"), ("programme", "Кино"), ("advert", None)}
    assert document["segments"][0]["start_utc"] == "2026-08-01T03:00:00.000Z"


@pytest.mark.parametrize(
    ("options", "guide", "what"),
    [
        ((), GUIDE, "--start"),
        (("--start", "2026-08-01T06:00"), GUIDE, "offset"),
        (("--start", "yesterday"), GUIDE, "is not a moment"),
        (
            ("--start", "2026-08-01T06:00+03:00", "--schedule-id", "НТВ"),
            GUIDE,
            "no channel 'НТВ'; there are: one (Первый)",
        ),
        (("--start", "2026-08-01T06:00+03:00", "--zone", "Moscow"), GUIDE, "no time zone"),
        (("--start", "2026-08-01T06:00+03:00"), GUIDE.replace(" +0300", " MSQ"), "unknown zone 'MSQ'"),
        (("--start", "2026-08-01T06:00+03:00"), GUIDE[:200], "not readable as XML"),
    ],
)
def test_what_is_wrong_with_a_schedule_is_said_in_one_line_before_anything_is_done(
    options: tuple[str, ...], guide: str, what: str, tmp_path: Path
) -> None:
    code, said = run(tmp_path / "not-there.mp4", tmp_path, *options, guide=guide)
    assert code == 1  # the runner's; the command itself makes an exit code of the error
    assert what in said
    assert "\n" not in said.strip()
