"""``streamproc evidence``: packs of what is known of a clip or piece, and checking them."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Evidence of a clip or piece: make a pack, check a pack.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="Its number, as the page and the API show it.")]
Out = Annotated[Path | None, typer.Option(help="The ZIP to write; a name that says what it is when left out.")]
Config = Annotated[
    Path, typer.Option("--config", "-c", envvar="STREAMPROC_CONFIG", help="The configuration file (TOML).")
]


@app.command()
def clip(number: Number, config: Config = Path("streamproc.toml"), out: Out = None) -> None:
    """Make the pack of a clip."""
    _make("clip", number, config, out)


@app.command()
def piece(number: Number, config: Config = Path("streamproc.toml"), out: Out = None) -> None:
    """Make the pack of a piece: a joined programme, or any range."""
    _make("piece", number, config, out)


@app.command()
def verify(
    pack: Annotated[Path, typer.Argument(help="The ZIP.")],
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Compare with the recording of this configuration, too."),
    ] = None,
) -> None:
    """Check that a pack is as it was made; ends with 1 when it is not."""
    from streamproc.config import load
    from streamproc.errors import ConfigError
    from streamproc.evidence.pack import verify_originals, verify_pack

    verified = verify_pack(pack)
    typer.echo(f"{pack}: all {verified.files} files are as they were packed")
    typer.echo(f"checksum of the list: {verified.manifest_sha256}")
    if config is None:
        return
    subject = verified.document.get("subject")
    if not isinstance(subject, dict) or not isinstance(subject.get("channel"), str):
        raise ConfigError(f"{pack}: it does not say which channel it is of")
    settings = load(config)
    folder = settings.recording_dir / settings.channel(subject["channel"]).name
    same, gone = verify_originals(verified, folder)
    typer.echo(f"recorded files: {same} are what it was made from, {gone} are not there any more")


def _make(kind: str, number: int, config: Path, out: Path | None) -> None:
    from streamproc.cli.logs import configure
    from streamproc.config import LogSettings, load
    from streamproc.evidence import make_pack
    from streamproc.evidence.subject import SubjectKind

    configure(LogSettings(level="warning"), "evidence")
    path = Path(f"evidence-{kind}-{number}.zip") if out is None else out
    made = make_pack(load(config), SubjectKind(kind), number, path)
    for sentence in made.missing:
        typer.echo(f"missing: {sentence}", err=True)
    typer.echo(f"{path}: checksum of the list: {made.manifest_sha256}")
