"""From a configured target to one that can be sent to."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from urllib.parse import unquote, urlsplit

from streamproc.config import TargetSettings
from streamproc.errors import DeliveryRefused
from streamproc.storage.target import Target

EXTRAS = {"s3": "s3", "sftp": "sftp", "webdav+http": "webdav", "webdav+https": "webdav"}
"""What has to be installed for an address; the module here that uses it has the same name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who we are to a target. Never shown: its repr has no secret."""

    user: str | None
    """The user, or the access key."""
    password: str | None
    """The password, the secret key, or the pass phrase of the key file."""

    def __repr__(self) -> str:
        """Return nothing worth stealing."""
        return "Access(…)"


def open_target(settings: TargetSettings, environ: Mapping[str, str] = os.environ) -> Target:
    """Return the target that the settings describe; some connect now, others when they are first used.

    Raises DeliveryRefused: an extra is not installed, a variable not set, the server refuses us; DeliveryError: it
    can't be reached.
    """
    url = urlsplit(settings.url)
    access = check_target(settings, environ)
    path = unquote(url.path)
    if url.scheme == "file":
        from streamproc.storage.shelf import open_folder

        return open_folder(settings.name, path)
    if url.scheme == "s3":
        from streamproc.storage.s3 import S3Target

        return S3Target(settings, url.hostname or "", path.strip("/"), access)
    if url.scheme == "sftp":
        from streamproc.storage.sftp import open_sftp

        return open_sftp(settings, access)
    from streamproc.storage.webdav import open_webdav

    return open_webdav(settings, access)


def check_target(settings: TargetSettings, environ: Mapping[str, str] = os.environ) -> Access:
    """Return who we are to a target, without asking it. Raises DeliveryRefused: an extra or a variable is missing."""
    scheme = urlsplit(settings.url).scheme
    extra = EXTRAS.get(scheme)
    try:
        if extra is not None:
            import_module(f"streamproc.storage.{extra}")
    except ImportError as error:
        raise DeliveryRefused(
            f"target '{settings.name}': {scheme}:// needs the package {error.name}: pip install 'streamproc[{extra}]'"
        ) from error
    return _access(settings, environ)


def _access(settings: TargetSettings, environ: Mapping[str, str]) -> Access:
    user = _variable(settings, "user_env", environ)
    return Access(
        user=urlsplit(settings.url).username if user is None else user,
        password=_variable(settings, "password_env", environ),
    )


def _variable(settings: TargetSettings, key: str, environ: Mapping[str, str]) -> str | None:
    name = getattr(settings, key)
    if name is None:
        return None
    if not environ.get(name):
        raise DeliveryRefused(
            f"target '{settings.name}': {key} names the environment variable {name}, which is not set; "
            "set it for the daemon and restart it"
        )
    return environ[name]
