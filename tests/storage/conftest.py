"""Servers that several tests of a module share."""

from collections.abc import Iterator

import pytest

from tests.storage.servers import S3Server, SftpServer, WebdavServer


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A server for S3 that refuses bad signatures."""
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="module")
def webdav(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebdavServer]:
    """A server for WebDAV."""
    with WebdavServer(tmp_path_factory.mktemp("webdav")) as server:
        yield server


@pytest.fixture(scope="module")
def sftp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    """OpenSSH."""
    with SftpServer(tmp_path_factory.mktemp("sftp")) as server:
        yield server
