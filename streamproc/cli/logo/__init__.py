"""``streamproc logo …``: a module a command, each a thin call; learning alone needs the ``train`` extra."""

import typer

from streamproc.cli.logo import detect, evaluate, learn

app = typer.Typer(help="Models that know a channel's bug.", no_args_is_help=True)
app.command("learn")(learn.command)
app.command("evaluate")(evaluate.command)
app.command("detect")(detect.command)
