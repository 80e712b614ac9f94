import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from streamproc.catalogue import UserRole
from streamproc.catalogue.deliveries import Finished
from streamproc.catalogue.learnings import Lesson
from streamproc.catalogue.pieces import Wish
from streamproc.config_file import ConfigFile
from streamproc.logic.order_lines import Wanting
from streamproc.messages import Kind, Span, Wanted
from streamproc.timebase import SystemClock
from streamproc.web import Keeper
from streamproc.web.app import PAGES, PAGES_OF_ONE, create_app
from streamproc.web.openapi import PATH, document, plain
from streamproc.web.routes import ROUTES
from tests.findings import find
from tests.media.recorded import record
from tests.programmes import add_programme
from tests.web import people

Site = Any


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    """A file with a channel, which nobody reads again."""
    file = tmp_path / "streamproc.toml"
    file.write_text('data_dir = "data"\n[[channels]]\nname = "one"\nurl = "udp://127.0.0.1:9"\n')
    return Keeper(file=ConfigFile(file), reload=lambda: None)


def validator(
    spec: dict[str, Any], path: str, status: str, media_type: str, method: str = "get"
) -> Draft202012Validator:
    schema = spec["paths"][path][method]["responses"][status]["content"][media_type]["schema"]
    return Draft202012Validator({**schema, "components": spec["components"]})


def test_the_document_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(document()).validate()


async def test_every_address_is_documented(site: Site) -> None:
    async with site.http.get(PATH) as answer:
        documented = set((await answer.json())["paths"])
    served = {plain(route.path) for route in ROUTES}
    assert documented == served


def test_every_address_is_in_the_guide(project_root: Path) -> None:
    guide = (project_root / "docs" / "http-api.md").read_text(encoding="utf-8")
    for path in [*(plain(route.path) for route in ROUTES), PATH]:
        assert f"`{path}`" in guide, path


def test_the_application_serves_nothing_but_documented_addresses_and_the_page(site: Site) -> None:
    app = create_app(lambda: site.settings, site.catalogue, site.telemetry, SystemClock())
    served = {resource.canonical for resource in app.router.resources()}
    documented = {plain(route.path) for route in ROUTES} | {PATH}
    pages = {plain(path) for path in (*PAGES, *PAGES_OF_ONE)}
    assert served - documented - pages == {"/icon.svg", "/built/{file}"}


async def test_every_answer_is_as_its_schema_says(site: Site, small_mp4: Path, write_status: Any) -> None:
    write_status("one", "connected")
    site.change(Kind.UNKNOWN, Kind.PROGRAMME, 2, start=True)
    site.catalogue.finalize(site.change(Kind.PROGRAMME, Kind.ADVERT, 20), site.place(20))
    clip = site.cut(small_mp4)
    delivery = site.catalogue.deliveries.want("archive", Finished(clip_id=clip))
    site.catalogue.end_epoch("one", 1, site.place(50).time, 1250, "stalled")
    site.catalogue.begin_epoch("one", 2, utc_zero_ns=None, frame_rate=None, description="")
    segment = site.catalogue.segments("one")[0].id
    numbers = finished_work(site)
    boss = people.add(site.catalogue, "boss", UserRole.ADMIN)
    numbers["/users/"], admin = boss.id, people.token(site.catalogue, boss, "admin")
    spec, asked = document(), recorded_work(site, small_mp4)
    for route in ROUTES:
        if route.answer is None or route.media_type != "application/json" or route.method != "GET":
            continue
        number = clip if "/clips/" in route.path else delivery if "/deliveries/" in route.path else segment
        number = next((id_ for part, id_ in numbers.items() if part in route.path), number)
        address = plain(route.path).replace("{name}", "one").replace("{id}", str(number))
        address = asked.get(plain(route.path), address)
        async with site.http.get(address, headers=admin) as answer:
            body = await answer.json()
        validator(spec, plain(route.path), str(answer.status), "application/json").validate(body)
        assert body


def recorded_work(site: Site, footage: Path) -> dict[str, str]:
    """Record something of channel two; return how the addresses that want more than a number are asked for it."""
    epoch, _ = record(footage, site.settings.recording_dir / "two")
    day = "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"
    return {
        "/api/v1/channels/{name}/frames/{epoch}": f"/api/v1/channels/two/frames/{epoch.id}?frame=3",
        "/api/v1/flows/{name}": "/api/v1/flows/two",
        "/api/v1/flows/{name}/segments": "/api/v1/flows/two/segments",
        "/api/v1/channels/{name}/curves": f"/api/v1/channels/one/curves?{day}",
        "/api/v1/channels/{name}/timeline": f"/api/v1/channels/one/timeline?{day}",
    }


def finished_work(site: Site) -> dict[str, int]:
    """Put an order, a programme and a piece into the catalogue; return their numbers by the part of the address."""
    wanting = Wanting(text="Вести", kind=Wanted.PROGRAMME, channel="one", name="Вести", start_ns=0, end_ns=None)
    ((order, _),) = site.catalogue.orders.add([(wanting, wanting.key)], "anna")
    span = Span(epoch=1, start=Fraction(0), end=Fraction(1))
    programme = add_programme(site.catalogue)
    piece = site.catalogue.pieces.want(Wish(channel="one", spans=(span,), author="anna", programme_id=programme))
    lesson = Lesson(channel="one", spans=(span,), start_ns=0, end_ns=1, author="anna")
    learning = site.catalogue.learnings.want(lesson)
    numbers = {"/learnings/": learning, "/orders/": order.id, "/pieces/": piece, "/programmes/": programme}
    return numbers | {"/findings/": find(site.catalogue)}


async def test_every_problem_is_as_its_schema_says(site: Site) -> None:
    spec = document()
    async with site.http.get("/api/v1/clips/7") as answer:
        body = await answer.json(content_type="application/problem+json")
    validator(spec, "/api/v1/clips/{id}", "404", "application/problem+json").validate(body)


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for entry in document()["paths"].values() for operation in entry.values()]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"\w+", name) for name in names)
