"""``python -m streamproc.training.forensics``: trains the models of the forensic methods."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import cv2
import typer
from rich.console import Console

from streamproc.forensics.laplacian import Laplacian
from streamproc.inference.forensics import save_diffusion
from streamproc.training.forensics.scenes import Crops

LICENCE = "MIT, like the project"
DataOption = Annotated[Path, typer.Option(help="A folder with images/, footage/ and adverts/: see docs/models.md.")]
WorkOption = Annotated[Path, typer.Option(help="Where pictures painted by G'MIC are kept, some hundred megabytes.")]

app = typer.Typer(no_args_is_help=True, help="Train the models that streamproc forensics uses.")


@app.command()
def diffusion(
    data: DataOption,
    work: WorkOption,
    out: Annotated[Path, typer.Option(help="The model's folder.")] = Path("models/diffusion"),
) -> None:
    """Train the published method: with either Laplacian, and keep the better one."""
    from streamproc.training.forensics.diffusion import trained
    from streamproc.training.forensics.protocol import photographs, split

    cv2.setNumThreads(1)
    pictures = photographs(data / "images" / "kodak24")
    names, _, _ = split(pictures)
    made = [trained({name: pictures[name] for name in names}, work, laplacian) for laplacian in Laplacian]
    best = max(made, key=lambda one: one.chosen)
    metrics = {
        f"{one.method.laplacian} Laplacian": {
            "learners": len(one.learnt.ensemble.thresholds),
            "features a learner": one.learnt.subspace,
            "out-of-bag error": round(one.learnt.error, 4),
            "F1 on the pictures that the cleaning was chosen with": round(one.chosen, 4),
        }
        for one in made
    }
    save_diffusion(
        best.method,
        out,
        name="diffusion",
        metrics=metrics,
        data=[f"{len(names)} of the 24 lossless Kodak photographs, painted over by G'MIC's three PDE inpainters"],
        licence=LICENCE,
        created=f"{datetime.now(UTC):%Y-%m-%d}",
    )
    Console().print_json(data=metrics)


@app.command()
def residual(
    data: DataOption,
    work: WorkOption,
    out: Annotated[Path, typer.Option(help="The model's folder.")] = Path("models/residual"),
    steps: Annotated[int, typer.Option(help="Of training, 24 crops each.", min=1)] = 3000,
) -> None:
    """Train our own method's network, and choose its thresholds."""
    from streamproc.training.forensics.material import gather
    from streamproc.training.forensics.network import Schedule
    from streamproc.training.forensics.residual import build

    cv2.setNumThreads(1)
    console = Console(stderr=True)

    def progress(what: str, share: float) -> None:
        console.print(f"{round(share * 100)} % {what}", highlight=False)

    kept = work / "crops.npz"
    crops = Crops.load(kept) if kept.exists() else gather(data, work, progress=progress)
    crops.save(kept)
    card = build(crops, data, out, Schedule(steps=steps), progress)
    Console().print_json(data=card.metrics)


if __name__ == "__main__":
    app()
