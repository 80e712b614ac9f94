"""``streamproc logo detect``."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamproc.cli.progress import progress

if TYPE_CHECKING:
    from streamproc.inference.card import Region
    from streamproc.training.detector.places import Place, Sighting

_UNCLEAR = 3  # places that are shown when none is clear
_FEW = 8  # pictures, below which scenery may stay as a bug does


def command(
    source: Annotated[str, typer.Argument(help="A file, or a folder of consecutive files.")],
    every: Annotated[float, typer.Option(help="Seconds between the keyframes that are looked at.", min=0)] = 10,
    threshold: Annotated[
        float, typer.Option(help="The least score of a box; low, as what does not stay is left out.", min=0.01, max=1)
    ] = 0.2,
    detector: Annotated[
        Path | None, typer.Option(help="The detector's folder; the one that comes with streamproc when left out.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print every picture's boxes and the places as JSON.")
    ] = False,
) -> None:
    """Find where bugs are in footage, whosever they are."""
    from streamproc.inference.detector import LogoDetector
    from streamproc.inference.verifier import shipped_model
    from streamproc.media.files import find_sources
    from streamproc.training.detector.places import look, moving, places

    finder = LogoDetector.load(shipped_model("detector") if detector is None else detector)
    with progress("looking for bugs") as show:
        sightings = look(find_sources(source), finder, every=every, threshold=threshold, progress=show)
    found = places(sightings)
    wandering = moving([place for place in found if place.is_clear])
    if as_json:
        typer.echo(json.dumps(_document(sightings, found, wandering), indent=2))
    else:
        typer.echo("\n".join(_lines(source, sightings, found, wandering)))


def _document(
    sightings: Sequence["Sighting"], found: Sequence["Place"], wandering: Sequence["Place"]
) -> dict[str, Any]:
    return {
        "pictures": [
            {
                "time_s": round(sighting.time, 3),
                "bugs": [{"region": _numbers(bug.region), "score": round(bug.score, 4)} for bug in sighting.found],
            }
            for sighting in sightings
        ],
        "places": [
            {
                "region": _numbers(place.region),
                "share": round(place.share, 4),
                "score": round(place.score, 4),
                "evidence": round(place.evidence, 4),
                "clear": place.is_clear,
                "may_move": any(place is other for other in wandering),
            }
            for place in found
        ],
    }


def _lines(
    source: str, sightings: Sequence["Sighting"], found: Sequence["Place"], wandering: Sequence["Place"]
) -> list[str]:
    count = len(sightings)
    clear = [place for place in found if place.is_clear]
    if not clear:
        return [
            f"{source}: no place of the picture clearly has a bug ({count} pictures); give more footage, or more "
            "pictures with a smaller --every; a bug that is faint or tiny may be missed",
            *(_line(place, sightings) for place in found[:_UNCLEAR]),
        ]
    lines = [f"{source}: {count} pictures, {len(clear)} place{'s' if len(clear) > 1 else ''} with a bug"]
    lines += [_line(place, sightings) for place in clear]
    if count < _FEW:
        lines.append(f"{count} pictures are few: what stays in them may be scenery; give more, or a smaller --every")
    if wandering:
        lines.append(f"{len(wandering)} of these are hardly ever seen together: it may be one bug that moves")
    return lines


def _line(place: "Place", sightings: Sequence["Sighting"]) -> str:
    times = [sighting.time for sighting, seen in zip(sightings, place.seen, strict=True) if seen]
    return (
        f"  --region {','.join(f'{side:g}' for side in _numbers(place.region))}"
        f"  in {place.seen.sum()} of {len(sightings)} pictures ({place.share:.0%}), score {place.score:.2f}, "
        f"{_clock(times[0])} to {_clock(times[-1])}"
    )


def _numbers(region: "Region") -> list[float]:
    return [round(side, 4) for side in (region.x, region.y, region.width, region.height)]


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02d}:{int(seconds) % 60:02d}"
