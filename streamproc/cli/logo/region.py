"""How a region is written on the command line."""

from pydantic import ValidationError

from streamproc.config import describe
from streamproc.errors import ConfigError
from streamproc.inference.card import Region


def parse_region(text: str) -> Region:
    """Return ``0.8,0.05,0.12,0.1`` as a region. Raises ConfigError."""
    try:
        x, y, width, height = (float(part) for part in text.split(","))
    except ValueError as error:
        raise ConfigError(f"--region {text}: write four numbers as x,y,width,height, each from 0 to 1") from error
    try:
        return Region(x=x, y=y, width=width, height=height)
    except ValidationError as error:
        raise ConfigError(f"--region {text}: {describe(error)}") from error
