import re
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from streamproc.catalogue.deliveries import Finished
from streamproc.messages import Kind
from streamproc.web.app import PAGE_FILES
from streamproc.web.openapi import PATH, document, plain
from streamproc.web.routes import ROUTES

Site = Any


def validator(spec: dict[str, Any], path: str, status: str, media_type: str) -> Draft202012Validator:
    schema = spec["paths"][path]["get"]["responses"][status]["content"][media_type]["schema"]
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
    assert set(PAGE_FILES) == {"/", "/style.css", "/page.js", "/icon.svg"}


async def test_every_answer_is_as_its_schema_says(site: Site, small_mp4: Path, write_status: Any) -> None:
    write_status("one", "connected")
    site.change(Kind.UNKNOWN, Kind.PROGRAMME, 2, start=True)
    site.catalogue.finalize(site.change(Kind.PROGRAMME, Kind.ADVERT, 20), site.place(20))
    clip = site.cut(small_mp4)
    delivery = site.catalogue.deliveries.want("archive", Finished(clip_id=clip))
    site.catalogue.end_epoch("one", 1, site.place(50).time, 1250, "stalled")
    site.catalogue.begin_epoch("one", 2, utc_zero_ns=None, frame_rate=None, description="")
    segment = site.catalogue.segments("one")[0].id
    spec = document()
    for route in ROUTES:
        if route.media_type != "application/json":
            continue
        number = clip if "/clips/" in route.path else delivery if "/deliveries/" in route.path else segment
        address = plain(route.path).replace("{name}", "one").replace("{id}", str(number))
        async with site.http.get(address) as answer:
            body = await answer.json()
        validator(spec, plain(route.path), str(answer.status), "application/json").validate(body)
        assert body


async def test_every_problem_is_as_its_schema_says(site: Site) -> None:
    spec = document()
    async with site.http.get("/api/v1/clips/7") as answer:
        body = await answer.json(content_type="application/problem+json")
    validator(spec, "/api/v1/clips/{id}", "404", "application/problem+json").validate(body)


def test_operations_have_names_of_their_own() -> None:
    names = [entry["get"]["operationId"] for entry in document()["paths"].values()]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"\w+", name) for name in names)
