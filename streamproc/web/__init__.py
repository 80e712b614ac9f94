"""The HTTP side: API, page, downloads, metrics."""

from streamproc.web.app import create_app
from streamproc.web.guard import check_host
from streamproc.web.server import WebStage

__all__ = ["WebStage", "check_host", "create_app"]
