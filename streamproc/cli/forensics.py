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
    from streamproc.forensics.traces import Mask, Method, Picture, Traces

app = typer.Typer(help="Traces of inpainting: what was painted out of a picture.", no_args_is_help=True)


MethodName = Annotated[
    str | None, typer.Option(help="Which looks: residual (when left out), diffusion, unet, patches.", metavar="NAME")
]
ModelFolder = Annotated[Path | None, typer.Option(help="A model of one's own instead; its card says of which method.")]


class Trainable(StrEnum):
    """Methods that learn, and the inpainter that does."""

    DIFFUSION = "diffusion"
    RESIDUAL = "residual"
    UNET = "unet"
    GATED = "gated"


@app.callback()
def group() -> None:
    """Traces of inpainting: what was painted out of a picture."""


@app.command()
def scan(
    inputs: Annotated[list[Path], typer.Argument(metavar="IMAGE|VIDEO...", help="Pictures; of videos, the keyframes.")],
    out: Annotated[Path, typer.Option(help="Folder for findings.json, report.html, masks and heat maps.")],
    every: Annotated[float, typer.Option(help="Least seconds between the keyframes of a video.", min=0)] = 0,
    method: MethodName = None,
    model: ModelFolder = None,
) -> None:
    """Look for painted regions; writes findings.json, report.html, masks and heat maps.

    Of the keyframes of a video, a mask and a heat map are written only where something was found.
    """
    from streamproc.forensics.lasting import Watched
    from streamproc.media.credentials import credentials_of
    from streamproc.training.report.scanned import write_scan_report

    asked = _method(method, model)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{out}: {error.strerror}; give a folder that can be written to") from error
    found: list[Finding] = []
    watched = Watched()
    with progress("looking for traces") as show:
        for path, time_s, picture in _pictures(inputs, every):
            show(path.name, inputs.index(path) / len(inputs))
            traces = asked.examine(picture)
            is_kept = time_s is None or bool(traces.boxes)
            if time_s is not None:
                is_kept |= watched.add(str(path), time_s, picture, traces)
            name = f"{len(found):05d}-{path.stem}" if is_kept else None
            found.append(_written(out, name, (str(path), time_s), picture, traces))
    lasting = watched.found()
    files = {str(path): credentials_of(path) for path in inputs}
    told = {
        "schema": 1,
        "method": asked.name,
        "files": [
            {"source": source, "credentials": None if one is None else one.told()} for source, one in files.items()
        ],
        "events": [one.told() for one in lasting],
        "findings": [one.told() for one in found],
    }
    (out / "findings.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    report = write_scan_report(out, asked.name, (lasting, found), files)
    for line in [*(one.line() for one in lasting), *(one.line() for one in found)]:
        typer.echo(line)
    for source, said in files.items():
        if said is not None:
            typer.echo(said.line(source))
    typer.echo(f"written: {out / 'findings.json'}, {report}")


@app.command()
def evaluate(
    folder: Annotated[Path, typer.Argument(help="With images/ and masks/; a mask has its image's name.")],
    method: MethodName = None,
    model: ModelFolder = None,
    out: Annotated[Path | None, typer.Option(help="Where the figures go, as JSON.")] = None,
) -> None:
    """Measure a method on pictures whose painted regions are known: an image without a mask is untouched."""
    from dataclasses import asdict

    from streamproc.forensics.evaluated import examined, figures

    asked = _method(method, model)
    found = examined(asked, _known(folder))
    told = figures(found)
    for name, value in told.items():
        typer.echo(f"{name.replace('_', ' ')}: {'–' if value is None else value}")
    if out is None:
        return
    whole = {"schema": 1, "method": asked.name, "figures": told, "pictures": [asdict(one) for one in found]}
    try:
        out.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{out}: {error.strerror}; give a file that can be written") from error


@app.command()
def train(
    method: Annotated[Trainable, typer.Argument(help="Whose model: a method's, or gated, an inpainter's.")],
    data: Annotated[Path, typer.Option(help="A folder with images/, footage/ and adverts/: see docs/forensics.md.")],
    work: Annotated[Path, typer.Option(help="Where painted pictures are kept: G'MIC takes half an hour for them.")],
    out: Annotated[Path, typer.Option(help="The model's folder.")],
    steps: Annotated[
        int | None,
        typer.Option(
            help="Of training a network, 12 crops each; 40,000 of residual's coarse one when left out, and of its fine "
            "one three tenths as many; 12,000 of the others.",
            min=1,
        ),
    ] = None,
) -> None:
    """Train a method's model anew; needs the program G'MIC, and for all but diffusion the training extra."""
    from streamproc.cli.logo.extra import need_tensorflow

    if method is not Trainable.DIFFUSION:
        need_tensorflow()
    from streamproc.training.forensics.build import build_diffusion, build_gated, build_residual, build_unet

    networks = {Trainable.RESIDUAL: build_residual, Trainable.UNET: build_unet, Trainable.GATED: build_gated}
    with progress("training") as show:
        if method is Trainable.DIFFUSION:
            card = build_diffusion(data, work, out, show)
        else:
            due = steps or (40_000 if method is Trainable.RESIDUAL else 12_000)
            card = networks[method](data, work, out, due, show)
    typer.echo(json.dumps(card.metrics, indent=1, ensure_ascii=False))
    typer.echo(f"written: {out}")


def _method(name: str | None, model: Path | None) -> "Method":
    """Return the method that was asked for. Raises ConfigError, ModelError."""
    from streamproc.inference.forensics import SHIPPED, load_method, named_method

    if model is None:
        return named_method(name or SHIPPED[0])
    if name is not None:
        raise ConfigError("--method and --model were both given; a model's card says of which method it is: give one")
    return load_method(model)


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


def _written(
    out: Path, name: str | None, source: tuple[str, float | None], picture: "Picture", traces: "Traces"
) -> "Finding":
    """Write a picture's mask and heat map, if they have a name, and return what was found."""
    from PIL import Image

    from streamproc.forensics.drawing import heat_picture, mask_picture
    from streamproc.forensics.findings import Finding

    finding = Finding.of(traces, *source, name)
    if finding.mask is not None:
        Image.fromarray(mask_picture(traces.mask)).save(out / finding.mask)
    if finding.heat is not None:
        Image.fromarray(heat_picture(picture, traces)).save(out / finding.heat)
    if finding.picture is not None:
        Image.fromarray(picture).save(out / finding.picture, quality=90)
    return finding
