"""``streamproc forensics``: traces of inpainting in pictures and videos."""

import json
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamproc.cli.progress import progress
from streamproc.errors import ConfigError, PictureError, SourceError

if TYPE_CHECKING:
    from streamproc.forensics.findings import Finding
    from streamproc.forensics.traces import Mask, Method, Picture

app = typer.Typer(help="Traces of inpainting: what was painted out of a picture.", no_args_is_help=True)


class Trainable(StrEnum):
    """Methods that learn."""

    DIFFUSION = "diffusion"
    RESIDUAL = "residual"


@app.callback()
def group() -> None:
    """Traces of inpainting: what was painted out of a picture."""


@app.command()
def scan(
    inputs: Annotated[list[Path], typer.Argument(metavar="IMAGE|VIDEO...", help="Pictures; of videos, the keyframes.")],
    out: Annotated[Path, typer.Option(help="Folder for findings.json, report.html, masks and heat maps.")],
    every: Annotated[float, typer.Option(help="Least seconds between the keyframes of a video.", min=0)] = 0,
    model: Annotated[
        Path | None,
        typer.Option(help="A method's model; that of residual, which comes with streamproc, when left out."),
    ] = None,
) -> None:
    """Look for painted regions; writes findings.json, report.html, and each picture's mask and heat map."""
    from streamproc.inference.forensics import load_method
    from streamproc.inference.verifier import shipped_model
    from streamproc.training.report.scanned import write_scan_report

    method = load_method(shipped_model("residual") if model is None else model)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{out}: {error.strerror}; give a folder that can be written to") from error
    found: list[Finding] = []
    with progress("looking for traces") as show:
        for path, time_s, picture in _pictures(inputs, every):
            show(path.name, inputs.index(path) / len(inputs))
            found.append(_written(out, f"{len(found):05d}-{path.stem}", (str(path), time_s), picture, method))
    told = {"schema": 1, "method": method.name, "findings": [one.told() for one in found]}
    (out / "findings.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    report = write_scan_report(out, method.name, found)
    for one in found:
        typer.echo(one.line())
    typer.echo(f"written: {out / 'findings.json'}, {report}")


@app.command()
def evaluate(
    folder: Annotated[Path, typer.Argument(help="With images/ and masks/; a mask has its image's name.")],
    model: Annotated[Path | None, typer.Option(help="As of scan.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where the figures go, as JSON.")] = None,
) -> None:
    """Measure a method on pictures whose painted regions are known: an image without a mask is untouched."""
    from dataclasses import asdict

    from streamproc.forensics.evaluated import examined, figures
    from streamproc.inference.forensics import load_method
    from streamproc.inference.verifier import shipped_model

    method = load_method(shipped_model("residual") if model is None else model)
    found = examined(method, _known(folder))
    told = figures(found)
    for name, value in told.items():
        typer.echo(f"{name.replace('_', ' ')}: {'–' if value is None else value}")
    if out is None:
        return
    whole = {"schema": 1, "method": method.name, "figures": told, "pictures": [asdict(one) for one in found]}
    try:
        out.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{out}: {error.strerror}; give a file that can be written") from error


@app.command()
def train(
    method: Annotated[Trainable, typer.Argument(help="Whose model.")],
    data: Annotated[Path, typer.Option(help="A folder with images/, footage/ and adverts/: see docs/forensics.md.")],
    work: Annotated[Path, typer.Option(help="Where painted pictures are kept: G'MIC takes half an hour for them.")],
    out: Annotated[Path, typer.Option(help="The model's folder.")],
    steps: Annotated[
        int, typer.Option(help="Of training the coarse network, 12 crops each; the fine one takes half as many.", min=1)
    ] = 12000,
) -> None:
    """Train a method's model anew; needs the program G'MIC, and for residual the training extra."""
    from streamproc.cli.logo.extra import need_tensorflow

    if method is Trainable.RESIDUAL:
        need_tensorflow()
    from streamproc.training.forensics.build import build_diffusion, build_residual

    with progress("training") as show:
        if method is Trainable.RESIDUAL:
            card = build_residual(data, work, out, steps, show)
        else:
            card = build_diffusion(data, work, out, show)
    typer.echo(json.dumps(card.metrics, indent=1, ensure_ascii=False))
    typer.echo(f"written: {out}")


def _known(folder: Path) -> Iterator[tuple[str, "Picture", "Mask"]]:
    """Yield name, picture and mask, the lighter half of whose values is painted. Raises PictureError."""
    import numpy as np

    from streamproc.media.stills import SUFFIXES, read_picture

    def pictures(kind: str) -> dict[str, Path]:
        if not (folder / kind).is_dir():
            raise ConfigError(f"{folder}: has no folder {kind}/; give one with images/ and masks/")
        return {path.stem: path for path in sorted((folder / kind).iterdir()) if path.suffix.lower() in SUFFIXES}

    images, masks = pictures("images"), pictures("masks")
    if not images:
        raise PictureError(f"{folder / 'images'}: holds no picture")
    if alone := sorted(set(masks) - set(images)):
        raise PictureError(f"{masks[alone[0]]}: there is no image of this name in {folder / 'images'}")
    for name, path in images.items():
        picture = read_picture(path)
        mask = read_picture(masks[name])[:, :, 0] >= 128 if name in masks else np.zeros(picture.shape[:2], bool)
        if mask.shape != picture.shape[:2]:
            sizes = [f"{shape[1]}×{shape[0]}" for shape in (mask.shape, picture.shape)]
            raise PictureError(f"{masks[name]}: is {sizes[0]}, but its image is {sizes[1]}")
        yield name, picture, mask


def _pictures(inputs: Sequence[Path], every: float) -> Iterator[tuple[Path, float | None, "Picture"]]:
    """Yield each picture with its file, and its time where it is a video's. Raises PictureError, SourceError."""
    from streamproc.media.keyframes import spread_keyframes
    from streamproc.media.stills import SUFFIXES, read_picture

    for path in inputs:
        if path.suffix.lower() in SUFFIXES:
            yield path, None, read_picture(path)
            continue
        try:
            for time_s, picture in spread_keyframes([path], every=every):
                yield path, time_s, picture
        except SourceError as error:
            raise PictureError(f"{path}: is neither a picture nor a video that can be read ({error})") from error


def _written(out: Path, name: str, source: tuple[str, float | None], picture: "Picture", method: "Method") -> "Finding":
    """Examine a picture, write its mask and its heat map, and return what was found."""
    from PIL import Image

    from streamproc.forensics.drawing import heat_picture, mask_picture
    from streamproc.forensics.findings import Finding

    traces = method.examine(picture)
    finding = Finding.of(traces, *source, name)
    Image.fromarray(mask_picture(traces.mask)).save(out / finding.mask)
    Image.fromarray(heat_picture(picture, traces)).save(out / finding.heat)
    return finding
