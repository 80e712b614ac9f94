"""``streamproc deliver``."""

from pathlib import Path

import typer

from streamproc.catalogue.deliveries import Finished
from streamproc.catalogue.store import Catalogue
from streamproc.config import load
from streamproc.errors import ConfigError
from streamproc.timebase import SystemClock


def ask_for(config: Path, target: str, clip_id: int | None, piece_id: int | None) -> None:
    """Queue a delivery. Raises ConfigError: no such target, clip or piece; CatalogueError."""
    settings = load(config)
    if (clip_id is None) == (piece_id is None):
        raise ConfigError("name what to send with --clip NUMBER or with --piece NUMBER")
    names = [known.name for known in settings.targets]
    if target not in names:
        raise ConfigError(f"no target is named '{target}'; there are: {', '.join(names) or 'none'}")
    what = Finished(clip_id=clip_id, piece_id=piece_id)
    catalogue = Catalogue.open(settings.database_url, clock=SystemClock())
    try:
        row = catalogue.deliveries.get(catalogue.deliveries.want(target, what))
    finally:
        catalogue.close()
    assert row is not None
    typer.echo(f"delivery {row.id}: {what} to {target}: {row.state}")
