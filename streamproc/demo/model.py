"""Trains the demo channel's model: ``python -m streamproc.demo.model`` writes models/demo (``make models``)."""

import sys
from pathlib import Path

from rich.console import Console

from streamproc.demo.bug import BUG_LEFT, BUG_OPACITY, BUG_TOP, draw_bug
from streamproc.inference.card import Region
from streamproc.training.learn import LearnReport, LearnSettings, learn_picture

BUG_BOX = Region(x=BUG_LEFT, y=BUG_TOP, width=112 / 1280, height=64 / 720)
"""Where the bug's edges lie."""


def train(out: Path) -> LearnReport:
    """Train on drawn scenes and scikit-image's photographs alone, so that anybody can do it again."""
    console = Console(stderr=True)
    shown = ""

    def progress(what: str, share: float) -> None:
        nonlocal shown
        line = f"{what} {round(share * 10) * 10} %"
        if line != shown:
            console.print(line, highlight=False)
        shown = line

    settings = LearnSettings(
        name="demo",
        opacity=BUG_OPACITY,
        crops=24_000,
        passes=2,
        minutes=8,
        licence="MIT, like the project: the bug, the scenes and the training are its own",
        progress=progress,
    )
    return learn_picture(draw_bug(), BUG_BOX, [], out, settings)


if __name__ == "__main__":
    report = train(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("models/demo"))
    Console().print_json(data=report.card.metrics)
