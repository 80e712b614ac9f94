"""The HTTP side: API, page, downloads, metrics."""

from streamproc.web.app import create_app
from streamproc.web.guard import check_host
from streamproc.web.oidc import check_provider
from streamproc.web.server import WebStage
from streamproc.web.services import Keeper

__all__ = ["Keeper", "WebStage", "check_host", "check_provider", "create_app"]
