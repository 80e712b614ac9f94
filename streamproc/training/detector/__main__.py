"""``python -m streamproc.training.detector``: trains the detector and writes models/detector."""

from pathlib import Path
from typing import Annotated

import cv2
import typer
from rich.console import Console

from streamproc.training.detector.build import BuildSettings, build_detector
from streamproc.training.detector.material import Footage, gather
from streamproc.training.detector.network import Schedule

DATA = (
    "three quarters (by brand) of a folder of channel logos: trademarks of their owners, used locally; none is in the "
    "project, and none can be drawn from the weights",
    "drawn logos, scenes, captions, tickers and clocks: the project's own",
    "three quarters of the photographs and textures that ship with scikit-image: see its data's README for rights",
)
LICENCE = "MIT, like the project, for the weights; the logos that it learnt from remain their owners' trademarks"


def main(
    data: Annotated[Path, typer.Option(help="A folder of logos, PNGs with alpha.")],
    footage: Annotated[
        list[Path] | None,
        typer.Option(help="Recordings, pictures, or folders of them, without a bug; may be repeated."),
    ] = None,
    marked: Annotated[
        list[str] | None, typer.Option(help="Names of footage beginning so have a mark bottom right: cut off.")
    ] = None,
    measured: Annotated[
        list[str] | None, typer.Option(help="Names of footage beginning so are held out, whatever their checksum.")
    ] = None,
    described: Annotated[
        list[str] | None, typer.Option(help="For the card: a sentence on the footage and its rights; may be repeated.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The model's folder.")] = Path("models/detector"),
    steps: Annotated[int, typer.Option(help="Of training, 8 pictures each.", min=1)] = 1300,
    scenes: Annotated[int, typer.Option(help="Pictures to draw and learn from, 0.4 MB each.", min=16)] = 3000,
) -> None:
    """Train the detector of bugs on logos drawn over footage; one in four brands and sources is held out."""
    cv2.setNumThreads(1)
    console, shown = Console(stderr=True), [""]

    def progress(what: str, share: float) -> None:
        if (line := f"{what.partition(',')[0]} {round(share * 20) * 5} %") != shown[0]:
            console.print(f"{line} {what.partition(',')[2]}", highlight=False)
            shown[0] = line

    settings = BuildSettings(
        scenes=scenes, schedule=Schedule(steps=steps), data=(*DATA, *(described or ())), licence=LICENCE
    )
    under = Footage(paths=tuple(footage or ()), marked=tuple(marked or ()), measured=tuple(measured or ()))
    sides = [gather(data, under, measuring=measuring) for measuring in (False, True)]
    card = build_detector(sides[0], sides[1], out, settings, progress)
    Console().print_json(data=card.metrics)


if __name__ == "__main__":
    typer.run(main)
