import re
from pathlib import Path

import pytest

from streamproc.config import load
from streamproc.errors import ConfigError

GOOD = """
data_dir = "data"
[web]
port = 9000
[[channels]]
name = "ntv"
url = "rtmp://user:secret@example.org/live/KEY"
model = "models/ntv"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "streamproc.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = load(write(tmp_path, GOOD), {})
    assert settings.data_dir == tmp_path / "data"
    assert settings.channels[0].model == tmp_path / "models/ntv"


def test_the_environment_overrides_single_keys(tmp_path: Path) -> None:
    settings = load(write(tmp_path, GOOD), {"STREAMPROC_WEB__PORT": "9001", "STREAMPROC_DATA_DIR": "/srv/x"})
    assert (settings.web.port, settings.data_dir) == (9001, Path("/srv/x"))


def test_the_page_binds_to_loopback_unless_told_otherwise(tmp_path: Path) -> None:
    assert load(write(tmp_path, GOOD), {}).web.host == "127.0.0.1"


def test_a_channel_without_a_time_zone_has_that_of_the_orders(tmp_path: Path) -> None:
    text = GOOD.replace('name = "ntv"', 'name = "ntv"\ntimezone = "Asia/Vladivostok"')
    settings = load(write(tmp_path, text.replace("[web]", '[orders]\ntimezone = "Europe/Moscow"\n[web]')), {})
    assert [str(settings.zone_of(name)) for name in ("ntv", "gone", None)] == [
        "Asia/Vladivostok",
        "Europe/Moscow",
        "Europe/Moscow",
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("port = 9000", "prot = 9000"), "unknown key 'web.prot'"),
        (("port = 9000", "port = 70000"), "web.port = 70000: .*65535"),
        (('data_dir = "data"', ""), "'data_dir' is missing"),
        (('url = "rtmp', 'url = "gopher'), "scheme 'gopher'; use one of"),
        (('name = "ntv"', 'name = "НТВ"'), "channels.0.name = 'НТВ'"),
        (('model = "models/ntv"', 'listen = "rtmp://0.0.0.0/live/x"'), "either url or listen"),
        (("port = 9000", "port = "), "not valid TOML"),
        (('name = "ntv"', 'name = "ntv"\ntimezone = "Moscow"'), "there is no time zone 'Moscow'"),
        (("[web]", '[orders]\ntimezone = "../etc/passwd"\n[web]'), "there is no time zone"),
        (('model = "models/ntv"', "inspect.enabled = true"), "what is only recorded is not inspected"),
        (
            ('model = "models/ntv"', "ingest.retry_initial_s = 9\ningest.retry_max_s = 3"),
            "retry_initial_s = 9.0 is above",
        ),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    path = write(tmp_path, GOOD.replace(*change))
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    message = str(caught.value)
    assert re.search(says, message)
    assert str(path) in message
    assert "\n" not in message


def test_a_stream_key_is_never_part_of_a_message(tmp_path: Path) -> None:
    for change in (('url = "rtmp', 'url = "gopher'), ('url = "', 'url = 5 # "'), ('name = "ntv"', 'name = "N"')):
        with pytest.raises(ConfigError) as caught:
            load(write(tmp_path, GOOD.replace(*change)), {})
        assert "KEY" not in str(caught.value)
        assert "secret" not in str(caught.value)


def test_two_channels_of_one_name_are_refused(tmp_path: Path) -> None:
    again = '[[channels]]\nname = "ntv"\nurl = "rtmp://example.org/live/b"\n'
    with pytest.raises(ConfigError, match="two channels are named 'ntv'"):
        load(write(tmp_path, GOOD + again), {})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: can't be read"):
        load(tmp_path / "nowhere.toml", {})


TARGET = """
[[targets]]
name = "archive"
url = "sftp://user@example.org/in"
known_hosts = "hosts"
"""


def test_the_files_of_a_target_are_relative_to_the_configuration(tmp_path: Path) -> None:
    (target,) = load(write(tmp_path, GOOD + TARGET), {}).targets
    assert target.known_hosts == tmp_path / "hosts"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("sftp://user@", "ftp://user@"), "target 'archive': url has the scheme 'ftp'; use one of file, s3, sftp"),
        (("sftp://user@example.org/in", "/mnt/archive"), "url has no scheme; use one of"),
        (("sftp://user@example.org/in", "file://mnt/archive"), "needs three strokes: file:///folder"),
        (("sftp://user@example.org/in", "s3:///prefix"), "url names no bucket"),
        (("user@", "user:s3cret@"), "url holds a password; put it into an environment variable: password_env"),
        (('known_hosts = "hosts"', ""), "needs either known_hosts or host_key"),
        (('known_hosts = "hosts"', 'known_hosts = "h"\nhost_key = "SHA256:x"'), "needs either known_hosts or host_key"),
        (('known_hosts = "hosts"', 'known_hosts = "h"\nregion = "eu"'), "region is not for sftp://; leave it out"),
        (('name = "archive"', 'name = "Archive"'), "targets.0.name = 'Archive'"),
        (("[[targets]]", TARGET + "[[targets]]"), "two targets are named 'archive'"),
    ],
)
def test_a_wrong_target_is_named_in_one_line_without_its_secret(
    tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, GOOD + TARGET.replace(*change)), {})
    message = str(caught.value)
    assert says in message
    assert "\n" not in message
    assert "s3cret" not in message


def test_a_channel_delivers_only_to_targets_that_there_are(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("[[channels]]", '[[channels]]\ndeliver = ["archive"]', 1))
    with pytest.raises(ConfigError, match="deliver names no target 'archive'; there are: none"):
        load(path, {})


def test_a_pattern_of_names_that_can_not_be_used_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "streamproc.toml"
    path.write_text('data_dir = "data"\npiece_names = "{channel}/{show}"\n')
    with pytest.raises(ConfigError, match=r"piece_names.*there are channel, title"):
        load(path, {})
