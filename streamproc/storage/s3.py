"""S3-compatible storage, through s3fs: its connections and credentials; the operations of S3 are called by name.

s3fs's own files can't go on with a multipart upload that another process began, so parts are sent here: the upload's
number is remembered, what has arrived is asked of the server, and a part is sent again only when its MD5 is not the
file's. An object appears when the upload is completed, at one blow.
"""

import asyncio
import base64
import hashlib
import json
import math
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError
from s3fs import S3FileSystem

from streamproc.config import TargetSettings
from streamproc.errors import DeliveryError, DeliveryRefused
from streamproc.storage.opening import Access
from streamproc.storage.target import Parcel, Receipt, Watch

PART_BYTES: Final = 16 << 20
MOST_PARTS: Final = 10_000
PROBE_NAME: Final = ".streamproc-probe"
ASK_S: Final = 0.2
"""How often it is asked whether to stop, while a part is under way."""
_REFUSED: Final = frozenset({400, 401, 403, 404, 405, 501})
_FULL: Final = frozenset({"QuotaExceeded", "InsufficientStorage", "XMinioStorageFull"})
_CONFIG: Final = {
    # Servers other than Amazon's do not know the checksums that botocore adds of late; each part has its MD5.
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
    "connect_timeout": 15,
    "read_timeout": 60,
    "retries": {"max_attempts": 1},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Upload:
    """A multipart upload that was begun."""

    id: str
    """Its number on the server."""
    part_bytes: int
    """Size of all parts but the last."""
    sha256: str
    """The file that it was begun for."""
    arrived: Mapping[int, tuple[int, str]] = field(default_factory=dict)
    """Size and ETag of the parts that are there, by number."""

    def text(self) -> str:
        """Return what to remember of it."""
        return json.dumps({"upload": self.id, "part_bytes": self.part_bytes, "sha256": self.sha256})


class S3Target:
    """A bucket, or a prefix in it."""

    def __init__(
        self, settings: TargetSettings, bucket: str, prefix: str, access: Access, *, part_bytes: int = PART_BYTES
    ) -> None:
        """Nothing is connected before it is used. Without a user, credentials come from where Amazon's tools look."""
        self._name = settings.name
        self._bucket = bucket
        self._prefix = prefix
        self._part_bytes = part_bytes
        self._host = settings.endpoint_url or "Amazon S3"
        client = {"endpoint_url": settings.endpoint_url, "region_name": settings.region}
        self._fs = S3FileSystem(
            key=access.user,
            secret=access.password,
            client_kwargs={key: value for key, value in client.items() if value is not None},
            config_kwargs=_CONFIG,
            skip_instance_cache=True,
            use_listings_cache=False,
        )
        self._fs.retries = 1  # whoever sends tries again, and says so

    def send(self, parcel: Parcel, path: str, watch: Watch) -> Receipt:
        """Bring a file to a key. Raises DeliveryError."""
        parcel.check()
        key = self._key(path)
        sending = _Sending(self, parcel, key, watch)
        if sending.is_there():
            watch.remember(None)
            return sending.receipt(parcel.size_bytes, "size, and the SHA-256 that was kept with it")
        if parcel.size_bytes <= self._part_bytes:
            return sending.at_once()
        return sending.in_parts(self._size_of_parts(parcel))

    def probe(self) -> str | None:
        """Write a small object and delete it again. Raises DeliveryError."""
        place = {"Bucket": self._bucket, "Key": self._key(PROBE_NAME)}
        self.call("put_object", None, **place, Body=b"streamproc")
        try:
            self.call("delete_object", None, **place)
        except DeliveryError as error:
            return f"{PROBE_NAME} can't be deleted again: {error}"
        return None

    def close(self) -> None:
        """Close the connections."""
        client = self._fs._s3
        if client is not None:
            asyncio.run_coroutine_threadsafe(client.close(), self._fs.loop).result(timeout=5)
            self._fs._s3 = None

    def call(self, operation: str, watch: Watch | None, **arguments: Any) -> dict[str, Any]:
        """Call an operation of S3; ``watch`` may break it off. Raises DeliveryError, Interrupted."""
        call: Coroutine[Any, Any, dict[str, Any]] = self._fs._call_s3(operation, **arguments)
        running = asyncio.run_coroutine_threadsafe(call, self._fs.loop)
        try:
            return _result(running, watch)
        except (OSError, ClientError, BotoCoreError, aiohttp.ClientError) as error:
            raise self._fault(error) from error
        finally:
            running.cancel()

    def _key(self, path: str) -> str:
        return f"{self._prefix}/{path}" if self._prefix else path

    def _size_of_parts(self, parcel: Parcel) -> int:
        """Return the usual size of parts, or the MiB that a very large file needs so that there are not too many."""
        return max(self._part_bytes, math.ceil(parcel.size_bytes / MOST_PARTS / (1 << 20)) << 20)

    def _fault(self, error: Exception) -> DeliveryError:
        what = f"target '{self._name}'"
        if isinstance(error, NoCredentialsError | PartialCredentialsError):
            return DeliveryRefused(f"{what}: no credentials; set user_env and password_env")
        code, status, reason = _said(error)
        if code == "NoSuchUpload":
            return _UploadGone(f"{what}: the upload is not known any more")
        if code == "NoSuchBucket":
            return DeliveryRefused(f"{what}: {self._host} has no bucket '{self._bucket}'; make it, or mend the url")
        if code in _FULL or status == 507:
            return DeliveryRefused(f"{what} is full, says {self._host} ({reason}); make room on it")
        if isinstance(error, PermissionError) or status in (401, 403):
            return DeliveryRefused(
                f"{what}: {self._host} does not let us in ({code or reason}); check user_env, password_env and rights"
            )
        if code in ("BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "IncompleteBody", "RequestTimeout"):
            return DeliveryError(f"{what}: a part was damaged on its way ({code})")
        if status in _REFUSED:
            return DeliveryRefused(
                f"{what}: {self._host} refuses this ({code}: {reason}); check the url and its rights"
            )
        if status is not None and status >= 500:
            return DeliveryError(f"{what}: {self._host} has trouble of its own ({reason}); its disk may be full")
        return DeliveryError(f"{what}: {self._host}: {reason}")


class _UploadGone(DeliveryError):
    """The server has forgotten an upload, as one does that was restarted, or cleans up."""


class _Sending:
    """One file on its way to one key."""

    def __init__(self, target: S3Target, parcel: Parcel, key: str, watch: Watch) -> None:
        self._target = target
        self._parcel = parcel
        self._key = key
        self._watch = watch
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)

    def is_there(self) -> bool:
        """Tell whether the object is there already, whole, sent by us."""
        head = self._head() or {}
        there = (head.get("ContentLength"), head.get("Metadata", {}).get("sha256"))
        return there == (self._parcel.size_bytes, self._parcel.sha256)

    def at_once(self) -> Receipt:
        """Send a file that is no larger than a part."""
        body = self._block(0, self._parcel.size_bytes)
        self._check_source()
        answer = self._call("put_object", Body=body, ContentMD5=_md5_base64(body), Metadata=self._metadata())
        self._watch.progress(self._parcel.size_bytes)
        return self._checked(answer, [], 0)

    def in_parts(self, part_bytes: int) -> Receipt:
        """Send a file in parts, going on with the upload that an earlier attempt began."""
        upload = self._known(part_bytes) or self._begin(part_bytes)
        resumed_at = sum(size for size, _ in upload.arrived.values())
        sent = []
        for number in range(1, math.ceil(self._parcel.size_bytes / part_bytes) + 1):
            self._watch.go_on()
            start = (number - 1) * part_bytes
            block = self._block(start, min(start + part_bytes, self._parcel.size_bytes))
            sent.append(self._part(upload, number, block))
            self._watch.progress(start + len(block))
        self._check_source()
        parts = [{"PartNumber": number, "ETag": etag} for number, (etag, _) in enumerate(sent, 1)]
        answer = self._call("complete_multipart_upload", UploadId=upload.id, MultipartUpload={"Parts": parts})
        self._watch.remember(None)
        return self._checked(answer, sent, resumed_at)

    def receipt(self, resumed_at: int, verified: str) -> Receipt:
        """Return the receipt."""
        return Receipt(
            remote_path=self._key, size_bytes=self._parcel.size_bytes, resumed_at=resumed_at, verified=verified
        )

    def _known(self, part_bytes: int) -> _Upload | None:
        """Return the upload of an earlier attempt with what has arrived of it; None to begin anew."""
        known = _remembered(self._watch.resume)
        if known is None:
            return None
        if (known.part_bytes, known.sha256) != (part_bytes, self._parcel.sha256):
            self._abort(known)
            return None
        try:
            return _Upload(id=known.id, part_bytes=part_bytes, sha256=known.sha256, arrived=self._list(known))
        except _UploadGone:
            self._watch.remember(None)
            return None

    def _list(self, upload: _Upload) -> dict[int, tuple[int, str]]:
        arrived: dict[int, tuple[int, str]] = {}
        after = 0
        while True:
            page = self._call("list_parts", UploadId=upload.id, PartNumberMarker=after)
            for part in page.get("Parts", []):
                arrived[part["PartNumber"]] = (part["Size"], part["ETag"].strip('"'))
            if not page.get("IsTruncated") or not page.get("Parts"):
                return arrived
            after = page["NextPartNumberMarker"]

    def _begin(self, part_bytes: int) -> _Upload:
        answer = self._call("create_multipart_upload", Metadata=self._metadata())
        upload = _Upload(id=answer["UploadId"], part_bytes=part_bytes, sha256=self._parcel.sha256)
        self._watch.remember(upload.text())
        self._watch.progress(0)
        return upload

    def _abort(self, upload: _Upload) -> None:
        """Have the server delete parts that nobody will need."""
        with suppress(_UploadGone, DeliveryRefused):  # it may know nothing of it any more, or not let us
            self._call("abort_multipart_upload", UploadId=upload.id)

    def _part(self, upload: _Upload, number: int, block: bytes) -> tuple[str, str]:
        """See to it that a part is there; return its ETag and its MD5."""
        md5 = hashlib.md5(block, usedforsecurity=False).hexdigest()
        if upload.arrived.get(number) == (len(block), md5):
            return md5, md5
        answer = self._call(
            "upload_part", UploadId=upload.id, PartNumber=number, Body=block, ContentMD5=_md5_base64(block)
        )
        return answer["ETag"].strip('"'), md5

    def _block(self, start: int, end: int) -> bytes:
        block = b"".join(self._parcel.blocks(start, end))
        self._sha256.update(block)
        self._md5.update(block)
        return block

    def _check_source(self) -> None:
        if self._sha256.hexdigest() != self._parcel.sha256:
            raise self._parcel.changed("its SHA-256 is another")

    def _checked(self, answer: Mapping[str, Any], sent: list[tuple[str, str]], resumed_at: int) -> Receipt:
        """Compare what the server says of the object with what was sent. Raises DeliveryError."""
        head = self._head()
        etag = str(answer.get("ETag", "")).strip('"')
        whole = hashlib.md5(b"".join(bytes.fromhex(md5) for _, md5 in sent), usedforsecurity=False).hexdigest()
        is_sized = head is not None and head.get("ContentLength", self._parcel.size_bytes) == self._parcel.size_bytes
        is_ours = etag in (self._md5.hexdigest(), f"{whole}-{len(sent)}")
        makes_md5s = bool(sent) and all(etag_of_part == md5 for etag_of_part, md5 in sent)
        if not is_sized or (makes_md5s and "-" in etag and not is_ours):
            raise DeliveryError(f"{self._key}: what the server has is not what was sent; it is sent again")
        size = "size, and " if head else ""  # without the right to look at an object nothing is said of it
        parts = "the MD5 of each part" if sent else "the MD5"
        return self.receipt(
            resumed_at, f"{size}{parts} by the server" + (", and the ETag, which is made of MD5s" if is_ours else "")
        )

    def _head(self) -> dict[str, Any] | None:
        """Return what the server says of the object: None when there is none, nothing when it may not tell us.

        Amazon answers 403 also for an object that is not there, to whom it does not let list the bucket.
        """
        try:
            return self._call("head_object")
        except DeliveryRefused as error:
            code = None if error.__cause__ is None else _said(error.__cause__)[0]
            if code in ("404", "NoSuchKey"):
                return None
            if code == "403":
                return {}
            raise

    def _metadata(self) -> dict[str, str]:
        return {"sha256": self._parcel.sha256}

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        return self._target.call(operation, self._watch, Bucket=self._target._bucket, Key=self._key, **arguments)


def _result(running: "Future[dict[str, Any]]", watch: Watch | None) -> dict[str, Any]:
    while True:
        try:
            return running.result(timeout=ASK_S)
        except TimeoutError:
            if running.done():
                raise
            if watch is not None:
                watch.go_on()


def _said(error: BaseException) -> tuple[str | None, int | None, str]:
    """Return the code, the HTTP status and the words of an answer of S3, as far as there are."""
    cause = error if isinstance(error, ClientError) else error.__cause__
    if not isinstance(cause, ClientError):
        return None, None, str(error) or type(error).__name__
    said = cause.response.get("Error", {})
    status = cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return said.get("Code"), status, said.get("Message") or said.get("Code") or str(cause)


def _remembered(text: str | None) -> _Upload | None:
    try:
        said = json.loads(text or "null")
        return _Upload(id=str(said["upload"]), part_bytes=int(said["part_bytes"]), sha256=str(said["sha256"]))
    except (TypeError, KeyError, ValueError):
        return None


def _md5_base64(block: bytes) -> str:
    return base64.b64encode(hashlib.md5(block, usedforsecurity=False).digest()).decode()
