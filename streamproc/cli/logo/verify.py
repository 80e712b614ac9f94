"""``streamproc logo verify``."""

import json
from pathlib import Path
from typing import Annotated

import typer

from streamproc.cli.logo.region import parse_region


def command(
    reference: Annotated[Path, typer.Argument(help="The logo: a PNG with alpha, or a crop of a screen that shows it.")],
    shown: Annotated[
        str, typer.Argument(help="A picture of the logo's box, a whole screen, or footage.", metavar="CROP_OR_SOURCE")
    ],
    region: Annotated[
        str | None,
        typer.Option(help="The logo's box on the screen as x,y,width,height: fractions, 0 to 1. Footage needs it."),
    ] = None,
    verifier: Annotated[Path | None, typer.Option(help="The verifier's folder; the shipped one if left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answers as JSON.")] = False,
) -> None:
    """Print the probability that a logo is there, without any training."""
    from streamproc.inference.verifier import Verifier, shipped_model
    from streamproc.training.verifier.ask import ask

    box = None if region is None else parse_region(region)
    asked = Verifier.load(shipped_model("verifier") if verifier is None else verifier)
    answers = ask(asked, reference, shown, box)
    if as_json:
        rows = [{"time_s": round(answer.time_s, 3), "probability": answer.probability} for answer in answers]
        typer.echo(json.dumps({"schema": 1, "reference": str(reference), "shown": shown, "answers": rows}))
        return
    for answer in answers:
        typer.echo(f"{answer.time_s:12.3f}  {answer.probability:.4f}")
