"""Strangers, proxies, those who are too fast, and what is written down of everybody."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession

from streamproc.catalogue import Catalogue, UserRole
from streamproc.catalogue.signing import UserChange
from streamproc.config import AuthSettings, Settings
from streamproc.errors import ConfigError
from streamproc.timebase import NS, ManualClock
from streamproc.web import WebStage, check_host, create_app, events
from streamproc.web.guard import is_loopback
from streamproc.web.openapi import plain
from streamproc.web.routes import ROUTES
from tests.web import people
from tests.web.people import PASSWORD, SESSION, browser

Site = Any
CHANNELS, ORDERS, USERS, AUDIT = "/api/v1/channels", "/api/v1/orders", "/api/v1/users", "/api/v1/audit"
PROXY = {"proxy_header": "X-Remote-User", "trusted_proxies": ["127.0.0.1"]}


def with_auth(settings: Settings, **auth: Any) -> Settings:
    web = settings.web.model_copy(update={"auth": AuthSettings.model_validate(auth)})
    return settings.model_copy(update={"web": web})


async def ask(client: ClientSession, method: str, path: str, **what: Any) -> tuple[int, Any]:
    async with client.request(method, path, **what) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if text else None


@asynccontextmanager
async def at(site: Site, clock: ManualClock) -> AsyncIterator[str]:
    """The same site by another clock."""
    app = create_app(lambda: site.settings, site.catalogue, site.telemetry, clock)
    stage = WebStage(app, "127.0.0.1", 0)
    task = asyncio.create_task(stage.run())
    yield await asyncio.wait_for(stage.address(), 10)
    task.cancel()
    await asyncio.wait([task])


# Strangers


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "10.0.0.7:8080", "127.0.0.1.evil.example", "[::2]"]
)
async def test_without_users_another_name_for_this_machine_is_refused(site: Site, host: str) -> None:
    status, problem = await ask(site.http, "GET", CHANNELS, headers={"Host": host})
    assert (status, "there are no users yet" in problem["detail"]) == (403, True)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "one.localhost", "127.0.0.1", "[::1]:80", "127.9.9.9"])
async def test_the_names_of_this_machine_are_its_own(site: Site, host: str) -> None:
    assert (await ask(site.http, "GET", CHANNELS, headers={"Host": host}))[0] == 200


async def test_with_users_any_name_will_do(site: Site) -> None:
    people.add(site.catalogue, "boss", UserRole.ADMIN)
    async with browser(site.address) as client:
        await people.sign_in(client, "boss")
        assert (await ask(client, "GET", CHANNELS, headers={"Host": "streamproc.house.example"}))[0] == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "streamproc.example"])
def test_without_users_the_network_is_not_let_in(settings: Settings, catalogue: Catalogue, host: str) -> None:
    wide = settings.model_copy(update={"web": settings.web.model_copy(update={"host": host})})
    with pytest.raises(ConfigError, match="there are no users; add one with: streamproc users add"):
        check_host(wide, catalogue)
    check_host(with_auth(wide, **PROXY), catalogue)
    catalogue.people.add("boss", UserRole.ADMIN)
    check_host(wide, catalogue)


def test_an_address_of_this_machine_is_known_in_every_spelling() -> None:
    own = ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "localhost"]
    assert [host for host in [*own, "::ffff:10.0.0.1", "10.0.0.1", "", "localhost.example"] if is_loopback(host)] == own


# Roles


def test_no_route_that_writes_is_for_viewers_but_those_for_oneself() -> None:
    own = {"/api/v1/session", "/api/v1/session/password", "/api/v1/tokens", "/api/v1/tokens/{id:[0-9]{1,18}}"}
    writing = {route.path for route in ROUTES if route.method != "GET" and route.least in (None, UserRole.VIEWER)}
    assert writing - {"/api/v1/seen"} == own


async def test_every_route_asks_for_its_role(site: Site) -> None:
    roles = list(UserRole)
    people.add(site.catalogue, "boss", UserRole.ADMIN)
    headers = {
        role: people.token(site.catalogue, people.add(site.catalogue, role, role), "admin") for role in roles[:-1]
    }
    for route in ROUTES:
        if route.least is None:
            continue
        path = re.sub(r"\{\w+\}", "1", plain(route.path))
        assert (await ask(site.http, route.method, path))[0] == 401, path
        for role in roles[: roles.index(route.least)]:
            status, problem = await ask(site.http, route.method, path, headers=headers[role])
            assert status == 403, path
            assert problem["detail"].startswith(f"{role} is a"), path
            assert problem["detail"].endswith(f"this needs {'an' if route.least != 'viewer' else 'a'} {route.least}"), (
                path
            )


# Proxies


async def test_a_trusted_proxy_says_who_asks(site: Site) -> None:
    site.settings = with_auth(site.settings, **PROXY, new_people="editor")
    headers = {"X-Remote-User": "Anna@house.example"}
    status, me = await ask(site.http, "GET", SESSION, headers=headers)
    assert (status, me["user"]["name"], me["user"]["role"]) == (200, "anna@house.example", "editor")
    assert (await ask(site.http, "POST", ORDERS, headers=headers, json=[{"text": "Вести 10:00"}]))[0] == 201
    assert site.catalogue.orders.find()[0].author == "anna@house.example"
    assert (await ask(site.http, "GET", CHANNELS))[0] == 401


async def test_whom_nobody_added_is_not_let_in_by_a_proxy(site: Site) -> None:
    site.settings = with_auth(site.settings, **PROXY)
    status, problem = await ask(site.http, "GET", CHANNELS, headers={"X-Remote-User": "anna"})
    assert (status, "'anna' is not one of our users" in problem["detail"]) == (403, True)


async def test_anybody_else_is_not_believed(site: Site) -> None:
    people.add(site.catalogue, "boss", UserRole.ADMIN)
    site.settings = with_auth(site.settings, proxy_header="X-Remote-User", trusted_proxies=["192.0.2.0/24"])
    assert (await ask(site.http, "GET", CHANNELS, headers={"X-Remote-User": "boss"}))[0] == 401


@pytest.mark.parametrize(("trusted", "expected"), [([], False), (["127.0.0.0/8"], True)])
async def test_only_a_trusted_proxy_is_believed_about_https(site: Site, trusted: list[str], expected: bool) -> None:
    people.add(site.catalogue, "anna")
    site.settings = with_auth(site.settings, trusted_proxies=trusted)
    body, headers = {"name": "anna", "password": PASSWORD}, {"X-Forwarded-Proto": "https"}
    async with site.http.post(SESSION, json=body, headers=headers) as answer:
        assert ("Secure" in answer.headers["Set-Cookie"].split("; ")) is expected


@pytest.mark.parametrize(
    ("trusted", "forwarded", "client"),
    [
        ([], "192.0.2.7", "127.0.0.1"),
        (["127.0.0.1"], "192.0.2.7", "192.0.2.7"),
        (["127.0.0.1"], "203.0.113.9, 192.0.2.7", "192.0.2.7"),  # what a client said itself stands before
        (["127.0.0.1", "192.0.2.0/24"], "203.0.113.9, 192.0.2.7", "203.0.113.9"),
        (["127.0.0.1"], "nonsense", "127.0.0.1"),
    ],
)
async def test_the_audit_log_has_the_address_that_can_be_believed(
    site: Site, trusted: list[str], forwarded: str, client: str
) -> None:
    people.add(site.catalogue, "anna")
    site.settings = with_auth(site.settings, trusted_proxies=trusted)
    body, headers = {"name": "anna", "password": PASSWORD}, {"X-Forwarded-For": forwarded}
    await ask(site.http, "POST", SESSION, json=body, headers=headers)
    assert site.catalogue.audit.find()[0].deed.client == client


# Too fast


async def test_who_guesses_a_password_is_slowed_down_and_nobody_else(site: Site) -> None:
    people.add(site.catalogue, "anna")
    people.add(site.catalogue, "oleg")
    clock = ManualClock()
    async with at(site, clock) as address, browser(address) as client:
        for _ in range(5):
            assert (await people.sign_in(client, "anna", "wrong"))["status"] == 401
        async with client.post(SESSION, json={"name": "anna", "password": PASSWORD}) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (429, "30")
            assert (await answer.json(content_type=None))["detail"] == "too many attempts to sign in; try again in 30 s"
        assert (await people.sign_in(client, "oleg"))["status"] == 200
        clock.advance(30)
        assert (await people.sign_in(client, "anna"))["status"] == 200


async def test_who_signs_in_often_is_not_slowed_down(site: Site) -> None:
    people.add(site.catalogue, "anna")
    async with at(site, ManualClock()) as address, browser(address) as client:
        assert {(await people.sign_in(client, "anna"))["status"] for _ in range(8)} == {200}


async def test_who_asks_too_much_is_told_when_to_come_again(site: Site) -> None:
    anna, oleg = people.add(site.catalogue, "anna"), people.add(site.catalogue, "oleg")
    site.settings = with_auth(site.settings, requests_per_s=0.5)
    headers = people.token(site.catalogue, anna, "read")
    clock = ManualClock()
    async with at(site, clock) as address, ClientSession(address) as client:
        assert [(await ask(client, "GET", ORDERS, headers=headers))[0] for _ in range(6)] == [200] * 5 + [429]
        assert (await ask(client, "GET", ORDERS, headers=people.token(site.catalogue, oleg, "read")))[0] == 200
        clock.advance(2)
        assert (await ask(client, "GET", ORDERS, headers=headers))[0] == 200


async def test_a_session_ends_when_it_is_not_used(site: Site) -> None:
    people.add(site.catalogue, "anna")
    async with browser(site.address) as client:
        await people.sign_in(client, "anna")
        site.settings = with_auth(site.settings, idle_h=1e-9)
        assert (await ask(client, "GET", CHANNELS))[0] == 401


async def test_live_events_end_when_somebody_is_kept_out(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "WELCOME_S", 0.05)
    people.add(site.catalogue, "boss", UserRole.ADMIN)
    anna = people.add(site.catalogue, "anna")
    headers = people.token(site.catalogue, anna, "read")
    async with site.http.get("/api/v1/events", headers=headers) as stream:
        await stream.content.readuntil(b"\r\n\r\n")
        site.catalogue.people.change(anna.id, UserChange(disabled=True))
        await asyncio.wait_for(stream.content.read(), 10)


# What is written down


async def test_the_audit_log_has_who_did_what_and_what_became_of_it(site: Site) -> None:
    boss = people.add(site.catalogue, "boss", UserRole.ADMIN)
    viewer = people.add(site.catalogue, "vera", UserRole.VIEWER)
    headers = people.token(site.catalogue, boss, "admin")
    await ask(site.http, "POST", ORDERS, json=[{"text": "Вести"}], headers=headers)
    await ask(site.http, "DELETE", f"{ORDERS}/7", headers=people.token(site.catalogue, viewer, "admin"))
    await ask(site.http, "POST", SESSION, json={"name": "Boss", "password": "wrong"})
    await ask(site.http, "GET", ORDERS, headers=headers)
    _, page = await ask(site.http, "GET", AUDIT, headers=headers)
    told = [(row["author"], row["action"], row["subject"], row["outcome"]) for row in page["items"]]
    assert told == [
        ("boss", "sign in", "/api/v1/session", 401),
        ("vera", "DELETE orders/{id}", "/api/v1/orders/7", 403),
        ("boss", "POST orders", "/api/v1/orders", 201),
    ]
    _, page = await ask(site.http, "GET", f"{AUDIT}?author=vera&limit=1", headers=headers)
    assert ([row["author"] for row in page["items"]], page["next"]) == (["vera"], None)


async def test_without_users_the_audit_log_has_the_name_that_was_said(site: Site) -> None:
    await ask(site.http, "POST", f"{ORDERS}?author=oleg", json=[{"text": "Вести"}])
    assert site.catalogue.audit.find()[0].deed.author == "oleg"


def test_the_audit_log_forgets_what_is_too_old(catalogue: Catalogue) -> None:
    from streamproc.catalogue.audit import Deed

    deed = Deed(author="anna", client="c", action="a", subject="s", outcome=200)
    catalogue.audit.add(deed)
    catalogue.audit.add(deed, keep_ns=3600 * NS)
    assert len(catalogue.audit.find()) == 2
    catalogue.audit.add(deed, keep_ns=-3600 * NS)
    assert catalogue.audit.find() == []


# Users


async def test_an_admin_adds_changes_and_deletes_people(site: Site) -> None:
    headers = people.token(site.catalogue, people.add(site.catalogue, "boss", UserRole.ADMIN), "admin")
    wish = {"name": "Oleg", "role": "viewer", "full_name": "<b>Олег</b>", "password": PASSWORD}
    status, oleg = await ask(site.http, "POST", USERS, json=wish, headers=headers)
    assert (status, oleg["name"], oleg["full_name"], "password" in oleg) == (201, "oleg", "<b>Олег</b>", False)
    assert (await ask(site.http, "POST", USERS, json=wish, headers=headers))[0] == 409
    one = f"{USERS}/{oleg['id']}"
    status, oleg = await ask(site.http, "PATCH", one, json={"role": "editor"}, headers=headers)
    assert (status, oleg["role"]) == (200, "editor")
    _, page = await ask(site.http, "GET", USERS, headers=headers)
    assert [row["name"] for row in page["items"]] == ["boss", "oleg"]
    assert (await ask(site.http, "DELETE", one, headers=headers))[0] == 204
    assert (await ask(site.http, "GET", one, headers=headers))[0] == 404


@pytest.mark.parametrize("change", [{"role": "editor"}, {"disabled": True}, None])
async def test_the_last_admin_stays(site: Site, change: dict[str, Any] | None) -> None:
    boss = people.add(site.catalogue, "boss", UserRole.ADMIN)
    headers, one = people.token(site.catalogue, boss, "admin"), f"{USERS}/{boss.id}"
    asked = ask(site.http, "DELETE", one, headers=headers)
    if change is not None:
        asked.close()
        asked = ask(site.http, "PATCH", one, json=change, headers=headers)
    status, problem = await asked
    assert (status, "nobody would be left" in problem["detail"]) == (409, True)
    assert site.catalogue.people.named("boss") == boss


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"name": "an na", "role": "viewer"}, "name"),
        ({"name": "", "role": "viewer"}, "name"),
        ({"name": "a" * 10_000, "role": "viewer"}, "name"),
        ({"name": "anna", "role": "king"}, "role"),
        ({"name": "anna", "role": "viewer", "password": "short"}, "password"),
        ({"name": "anna", "role": "viewer", "password": "x" * 257}, "password"),
        ({"name": "anna", "role": "viewer", "full_name": "a" * 10_000}, "full_name"),
        ({"name": "anna", "role": "viewer", "is_admin": True}, "is_admin"),
        ({"name": "<img src=x onerror=alert(1)>", "role": "viewer"}, "name"),
    ],
)
async def test_somebody_who_can_not_be_added_is_refused_in_words(site: Site, wish: dict[str, Any], words: str) -> None:
    headers = people.token(site.catalogue, people.add(site.catalogue, "boss", UserRole.ADMIN), "admin")
    status, problem = await ask(site.http, "POST", USERS, json=wish, headers=headers)
    assert (status, problem["detail"].startswith(words)) == (422, True)


async def test_the_first_user_is_an_admin(site: Site) -> None:
    status, problem = await ask(site.http, "POST", USERS, json={"name": "anna", "role": "editor", "password": PASSWORD})
    assert (status, "the first user must be an admin" in problem["detail"]) == (422, True)
    assert (await ask(site.http, "POST", USERS, json={"name": "anna", "role": "admin", "password": PASSWORD}))[0] == 201
    assert (await ask(site.http, "GET", USERS))[0] == 401


async def test_a_new_password_ends_all_other_sessions(site: Site) -> None:
    people.add(site.catalogue, "anna")
    async with browser(site.address) as one, browser(site.address) as other:
        await people.sign_in(one, "anna")
        await people.sign_in(other, "anna")
        new = {"old": PASSWORD, "new": "another long password"}
        status, problem = await ask(one, "POST", f"{SESSION}/password", json={**new, "old": "guess"})
        assert (status, problem["detail"]) == (422, "old: it is not your password")
        assert (await ask(one, "POST", f"{SESSION}/password", json=new))[0] == 200
        assert (await ask(one, "GET", CHANNELS))[0] == 200
        assert (await ask(other, "GET", CHANNELS))[0] == 401
        assert (await people.sign_in(other, "anna"))["status"] == 401
        assert (await people.sign_in(other, "anna", "another long password"))["status"] == 200
