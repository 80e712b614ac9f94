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


def command(
    source: Annotated[str, typer.Argument(help="A file, or a folder of consecutive files.")],
    every: Annotated[float, typer.Option(help="Seconds between the keyframes that are looked at.", min=0)] = 10,
    threshold: Annotated[
        float | None, typer.Option(help="The least score of a bug; the detector's own when left out.", min=0.01, max=1)
    ] = None,
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
    wandering = moving(found)
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
                "may_move": any(place is other for other in wandering),
            }
            for place in found
        ],
    }


def _lines(
    source: str, sightings: Sequence["Sighting"], found: Sequence["Place"], wandering: Sequence["Place"]
) -> list[str]:
    count = len(sightings)
    if not found:
        any_found = any(sighting.found for sighting in sightings)
        what = "no place has a bug in more than a picture or two" if any_found else "no bug was found"
        return [
            f"{source}: {what} ({count} pictures); give more footage, or a lower --threshold. "
            "A bug that is faint, tiny or moving may be missed."
        ]
    lines = [f"{source}: {count} pictures, {len(found)} place{'s' if len(found) > 1 else ''} with a bug"]
    for place in found:
        times = [sighting.time for sighting, seen in zip(sightings, place.seen, strict=True) if seen]
        lines.append(
            f"  --region {','.join(f'{side:g}' for side in _numbers(place.region))}"
            f"  in {place.seen.sum()} of {count} pictures ({place.share:.0%}), score {place.score:.2f}, "
            f"{_clock(times[0])} to {_clock(times[-1])}"
        )
    if wandering:
        lines.append(f"{len(wandering)} of these are hardly ever seen together: it may be one bug that moves")
    return lines


def _numbers(region: "Region") -> list[float]:
    return [round(side, 4) for side in (region.x, region.y, region.width, region.height)]


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02d}:{int(seconds) % 60:02d}"
