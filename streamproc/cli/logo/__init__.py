"""``streamproc logo …``: a module a command, each a thin call; learning alone needs the ``train`` extra."""

import typer

from streamproc.cli.logo import detect, evaluate, label, learn, retrain, verify

app = typer.Typer(help="Models that know a channel's bug.", no_args_is_help=True)
app.command("learn")(learn.command)
app.command("evaluate")(evaluate.command)
app.command("detect")(detect.command)
app.command("label")(label.command)
app.command("retrain")(retrain.command)
app.command("verify")(verify.command)
