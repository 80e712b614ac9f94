"""What learning needs beside the daemon."""

import importlib.util

from streamproc.errors import ConfigError


def need_tensorflow() -> None:
    """Raise ConfigError where TensorFlow is not installed."""
    if importlib.util.find_spec("tensorflow") is None:
        raise ConfigError("learning needs TensorFlow; install it with: pip install 'streamproc[train]'")
