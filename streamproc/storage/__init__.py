"""Where finished files go: a folder, S3-compatible storage, SFTP, WebDAV, through fsspec.

A target does one thing: :meth:`Target.send` brings a file to a path and comes back when it is there, whole and checked,
under its final name and never before. What was sent when it was interrupted, by whatever, is not sent again where the
protocol allows that. docs/decisions/0011-delivery.md says how each one does it.
"""

from streamproc.storage.opening import check_target, open_target
from streamproc.storage.target import Interrupted, Parcel, Receipt, Target, Watch

__all__ = ["Interrupted", "Parcel", "Receipt", "Target", "Watch", "check_target", "open_target"]
