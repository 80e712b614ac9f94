"""streamproc: finds a channel's programmes and advert breaks live, to the exact frame, and cuts the clips."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("streamproc")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0+unknown"
