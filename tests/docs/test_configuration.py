"""docs/configuration.md describes every key, with its default and bounds, and no other."""

import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from streamproc.config import (
    AuthSettings,
    ChannelSettings,
    InferenceSettings,
    LogSettings,
    OidcSettings,
    OrderSettings,
    ScheduleSettings,
    Section,
    Settings,
    TargetSettings,
    WebhookSettings,
    WebSettings,
)

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "configuration.md"
TABLES: dict[str, type[Section]] = {
    "Top of the file": Settings,
    "`[web]`": WebSettings,
    "`[web.auth]`": AuthSettings,
    "`[web.auth.oidc]`": OidcSettings,
    "`[inference]`": InferenceSettings,
    "`[orders]`": OrderSettings,
    "`[schedule]`": ScheduleSettings,
    "`[log]`": LogSettings,
    "`[[channels]]`": ChannelSettings,
    "`[[targets]]`": TargetSettings,
    "`[[webhooks]]`": WebhookSettings,
}
SIGNS = {Gt: (">", "gt"), Ge: ("≥", "ge"), Lt: ("<", "lt"), Le: ("≤", "le")}


def is_table(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, Section)


def all_tables() -> dict[str, type[Section]]:
    below = {
        f"`[channels.{name}]`": field.annotation
        for name, field in ChannelSettings.model_fields.items()
        if field.annotation is not None and is_table(field)
    }
    return TABLES | below


def documented() -> dict[tuple[str, str], tuple[str, str]]:
    """(heading, key) → (default, allowed) of every row."""
    rows = {}
    for section in re.split(r"^## ", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        heading = section.splitlines()[0]
        for key, default, allowed in re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| .+ \|$", section, re.MULTILINE):
            rows[heading, key] = (default, allowed)
    return rows


def fields() -> Iterator[tuple[str, str, FieldInfo]]:
    for heading, table in all_tables().items():
        for key, field in table.model_fields.items():
            if not is_table(field) and key not in ("channels", "targets", "webhooks"):
                yield heading, key, field


def shown_default(field: FieldInfo) -> str:
    value = field.default
    if field.is_required():
        return "required"
    if value is None:
        return "none"
    if value == ():
        return "`[]`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def constraints(field: FieldInfo) -> Iterator[Any]:
    yield from field.metadata
    for part in typing.get_args(field.annotation):
        for extra in typing.get_args(part)[1:]:
            yield from getattr(extra, "metadata", (extra,))


FIELDS = list(fields())


@pytest.mark.parametrize(("heading", "key", "field"), FIELDS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_key_is_documented_with_its_default(heading: str, key: str, field: FieldInfo) -> None:
    assert documented()[heading, key][0] == shown_default(field)


@pytest.mark.parametrize(("heading", "key", "field"), FIELDS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_key_is_documented_with_its_bounds(heading: str, key: str, field: FieldInfo) -> None:
    allowed = documented()[heading, key][1]
    for constraint in constraints(field):
        if type(constraint) in SIGNS:
            sign, attribute = SIGNS[type(constraint)]
            assert f"{sign} {getattr(constraint, attribute):g}" in allowed


def test_no_key_is_documented_that_there_is_not() -> None:
    assert set(documented()) == {(heading, key) for heading, key, _ in FIELDS}
