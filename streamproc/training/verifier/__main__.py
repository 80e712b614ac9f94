"""``python -m streamproc.training.verifier`` trains the universal verifier anew."""

import argparse
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from streamproc.training.verifier.train import Settings, Sources, learn_verifier


def main() -> None:
    """Read the arguments, train, and show what was measured."""
    parser = argparse.ArgumentParser(prog="python -m streamproc.training.verifier", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of logos, PNG with alpha")
    parser.add_argument("--footage", type=Path, nargs="+", required=True, help="files and folders to learn over")
    parser.add_argument("--held-out", type=Path, nargs="+", required=True, help="others, to measure over")
    parser.add_argument("--out", type=Path, default=Path("models/verifier"))
    parser.add_argument("--steps", type=int, default=Settings().steps)
    parser.add_argument("--crops", type=int, default=Settings().crops, help="drawn to learn from")
    asked = parser.parse_args()
    sources = Sources(logos=asked.data, grounds=asked.footage, held_out=asked.held_out)
    console = Console()
    with console.status("learning") as status:
        settings = replace(
            Settings(),
            steps=asked.steps,
            crops=asked.crops,
            held_out=max(200, asked.crops // 8),
            progress=lambda what, share: status.update(f"{what} {share:.0%}"),
        )
        card = learn_verifier(sources, asked.out, settings)
    console.print_json(data=card.metrics)


if __name__ == "__main__":
    main()
