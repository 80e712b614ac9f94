"""``streamproc forensics``: traces of inpainting in pictures and videos."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamproc.cli.progress import progress
from streamproc.errors import ConfigError, PictureError, SourceError

if TYPE_CHECKING:
    from streamproc.forensics.traces import Picture, Traces

app = typer.Typer(help="Traces of inpainting: what was painted out of a picture.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Traces of inpainting: what was painted out of a picture."""


@app.command()
def scan(
    inputs: Annotated[list[Path], typer.Argument(metavar="IMAGE|VIDEO...", help="Pictures; of videos, the keyframes.")],
    out: Annotated[Path, typer.Option(help="Folder for findings.json, masks and heat maps.")],
    every: Annotated[float, typer.Option(help="Least seconds between the keyframes of a video.", min=0)] = 0,
    model: Annotated[
        Path | None, typer.Option(help="The method's model; the one that comes with streamproc when left out.")
    ] = None,
) -> None:
    """Look for painted regions; writes DIR/findings.json, and a mask and a heat map of each picture."""
    from streamproc.inference.forensics import load_diffusion
    from streamproc.inference.verifier import shipped_model

    method = load_diffusion(shipped_model("diffusion") if model is None else model)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{out}: {error.strerror}; give a folder that can be written to") from error
    found: list[dict[str, Any]] = []
    with progress("looking for traces") as show:
        for path, time_s, picture in _pictures(inputs, every):
            show(path.name, inputs.index(path) / len(inputs))
            name = f"{len(found):05d}-{path.stem}"
            found.append(_written(out, name, (str(path), time_s), picture, method.examine(picture)))
    text = json.dumps({"schema": 1, "method": method.name, "findings": found}, indent=1, ensure_ascii=False)
    (out / "findings.json").write_text(text + "\n", encoding="utf-8")
    for one in found:
        typer.echo(_line(one))
    typer.echo(f"written: {out / 'findings.json'}")


def _pictures(inputs: Sequence[Path], every: float) -> Iterator[tuple[Path, float | None, "Picture"]]:
    """Yield each picture with its file, and its time where it is a video's. Raises PictureError, SourceError."""
    from streamproc.media.keyframes import spread_keyframes
    from streamproc.media.pictures import SUFFIXES, read_picture

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
    out: Path, name: str, source: tuple[str, float | None], picture: "Picture", traces: "Traces"
) -> dict[str, Any]:
    """Write the mask and the heat map, and return the entry that names them."""
    from PIL import Image

    from streamproc.forensics.drawing import entry, heat_picture, mask_picture

    drawn = {"mask": mask_picture(traces.mask), "heat": heat_picture(picture, traces)}
    for kind, pixels in drawn.items():
        Image.fromarray(pixels).save(out / f"{name}-{kind}.png")
    return entry(*source, traces) | {kind: f"{name}-{kind}.png" for kind in drawn}


def _line(one: dict[str, Any]) -> str:
    where = one["source"] if one["time_s"] is None else f"{one['source']} at {one['time_s']:.3f} s"
    boxes = ", ".join(f"{r - x}×{b - y} at ({x}, {y})" for x, y, r, b in one["boxes"][:3])
    more = f" and {len(one['boxes']) - 3} more" if len(one["boxes"]) > 3 else ""
    return f"{where}: score {one['score']:.2f}, {one['reliability']}; {boxes + more if boxes else 'nothing found'}"
