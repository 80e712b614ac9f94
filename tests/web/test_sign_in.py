"""Signing in, and what each way of coming in allows."""

from typing import Any

import pytest
from aiohttp import ClientSession

from streamproc.catalogue import UserRole
from tests.web import people
from tests.web.people import PASSWORD, SESSION, browser

Site = Any
ORDERS = "/api/v1/orders"
CHANNELS = "/api/v1/channels"


async def status_of(client: ClientSession, method: str, path: str, **what: Any) -> int:
    async with client.request(method, path, **what) as answer:
        await answer.read()
        return answer.status


async def order(client: ClientSession, **headers: str) -> tuple[int, str]:
    """Order something; return the status and the detail of a problem."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.post(ORDERS, json=[{"text": "Вести 10:00"}], headers=given) as answer:
        body = await answer.json(content_type=None)
        return answer.status, body.get("detail", "")


async def test_without_users_everybody_on_this_machine_may_everything(site: Site) -> None:
    async with site.http.get(SESSION) as answer:
        me = await answer.json()
    assert (me["user"], me["open"], me["may"][-1], me["csrf"]) == (None, True, "admin", None)


async def test_with_the_first_user_everybody_has_to_sign_in(site: Site) -> None:
    assert await status_of(site.http, "GET", CHANNELS) == 200
    people.add(site.catalogue, "boss", UserRole.ADMIN)
    async with site.http.get(CHANNELS) as answer:
        problem = await answer.json(content_type="application/problem+json")
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "sign in first" in problem["detail"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/api/openapi.json", "/"])
async def test_health_metrics_and_the_page_itself_are_for_anybody(site: Site, path: str) -> None:
    people.add(site.catalogue, "boss", UserRole.ADMIN)
    assert await status_of(site.http, "GET", path) in (200, 503)


async def test_who_is_not_signed_in_is_told_how_to(site: Site) -> None:
    people.add(site.catalogue, "boss", UserRole.ADMIN)
    async with site.http.get(SESSION) as answer:
        problem = await answer.json(content_type="application/problem+json")
    assert (answer.status, problem["sign_in"], problem["oidc_title"]) == (401, ["password"], None)


async def test_an_editor_signs_in_works_and_signs_out(site: Site) -> None:
    people.add(site.catalogue, "anna")
    async with browser(site.address) as client:
        me = await people.sign_in(client, "Anna")
        assert (me["user"]["name"], me["open"], me["may"]) == ("anna", False, ["view", "edit"])
        assert await order(client) == (201, "")
        assert site.catalogue.orders.find()[0].author == "anna"
        assert await status_of(client, "DELETE", SESSION) == 204
        assert await status_of(client, "GET", CHANNELS) == 401


async def test_the_cookie_is_kept_from_scripts_and_other_sites(site: Site) -> None:
    people.add(site.catalogue, "anna")
    async with site.http.post(SESSION, json={"name": "anna", "password": PASSWORD}) as answer:
        cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie  # this connection isn't encrypted, and the cookie would not come back


async def test_a_session_that_was_signed_out_is_over_for_whoever_copied_it(site: Site) -> None:
    people.add(site.catalogue, "anna")
    async with browser(site.address) as client:
        await people.sign_in(client, "anna")
        stolen = {cookie.key: cookie.value for cookie in client.cookie_jar}
        await status_of(client, "DELETE", SESSION)
    assert await status_of(site.http, "GET", CHANNELS, cookies=stolen) == 401


@pytest.mark.parametrize(("name", "password"), [("anna", "wrong horse"), ("nobody", PASSWORD), ("anna", "")])
async def test_a_wrong_name_and_a_wrong_password_are_answered_alike(site: Site, name: str, password: str) -> None:
    people.add(site.catalogue, "anna")
    async with browser(site.address) as client:
        me = await people.sign_in(client, name, password)
    assert (me["status"], me["detail"]) == (401, "name or password is wrong")


async def test_who_is_kept_out_is_out_at_once(site: Site) -> None:
    people.add(site.catalogue, "boss", UserRole.ADMIN)
    anna = people.add(site.catalogue, "anna")
    headers = people.token(site.catalogue, anna, "read")
    async with browser(site.address) as client:
        await people.sign_in(client, "anna")
        async with site.http.patch(
            f"/api/v1/users/{anna.id}",
            json={"disabled": True},
            headers=people.token(site.catalogue, site.catalogue.people.named("boss"), "admin"),
        ) as answer:
            assert (await answer.json())["disabled_utc"] is not None
        assert await status_of(client, "GET", CHANNELS) == 401
        assert (await people.sign_in(client, "anna"))["status"] == 401
    assert await status_of(site.http, "GET", CHANNELS, headers=headers) == 401


async def test_what_a_session_writes_must_carry_its_own_token(site: Site) -> None:
    people.add(site.catalogue, "anna")
    async with browser(site.address) as client:
        await people.sign_in(client, "anna")
        assert (await order(client, X_CSRF_Token="0" * 64))[0] == 403
        del client.headers["X-CSRF-Token"]
        status, detail = await order(client)
    assert (status, "send X-CSRF-Token" in detail) == (403, True)
    assert site.catalogue.orders.find() == []


async def test_a_program_needs_no_such_token(site: Site) -> None:
    headers = people.token(site.catalogue, people.add(site.catalogue, "anna"), "write")
    assert await order(site.http, **headers) == (201, "")
    assert site.catalogue.orders.find()[0].author == "anna"


@pytest.mark.parametrize(
    ("role", "scopes", "said"),
    [
        (UserRole.VIEWER, ["write"], "anna is a viewer; this needs an editor"),
        (UserRole.EDITOR, ["read"], "this token may not do that: it needs the scope 'write'"),
    ],
)
async def test_who_may_not_write_is_told_what_is_missing(
    site: Site, role: UserRole, scopes: list[str], said: str
) -> None:
    headers = people.token(site.catalogue, people.add(site.catalogue, "anna", role), *scopes)
    assert await order(site.http, **headers) == (403, said)
    assert await status_of(site.http, "GET", CHANNELS, headers=headers) == 200


async def test_a_token_can_be_used_until_it_is_taken_back(site: Site) -> None:
    people.add(site.catalogue, "anna")
    async with browser(site.address) as client:
        await people.sign_in(client, "anna")
        async with client.post("/api/v1/tokens", json={"name": "play-out", "scopes": ["write", "read"]}) as answer:
            made = await answer.json()
        headers = {"Authorization": f"Bearer {made['secret']}"}
        assert made["scopes"] == ["read", "write"]
        assert await order(site.http, **headers) == (201, "")
        async with client.get("/api/v1/tokens") as answer:
            (listed,) = (await answer.json())["items"]
        assert (listed["name"], "secret" in listed, listed["used_utc"] is None) == ("play-out", False, False)
        assert await status_of(client, "DELETE", f"/api/v1/tokens/{made['id']}") == 204
    assert (await order(site.http, **headers))[0] == 401


async def test_nobody_makes_a_token_for_more_than_they_may(site: Site) -> None:
    people.add(site.catalogue, "anna")
    async with browser(site.address) as client:
        await people.sign_in(client, "anna")
        wish = {"name": "all", "scopes": ["read", "admin"]}
        assert await status_of(client, "POST", "/api/v1/tokens", json=wish) == 403
        wish = {"name": "else", "scopes": ["read"], "user_id": 99}
        assert await status_of(client, "POST", "/api/v1/tokens", json=wish) == 403


async def test_a_token_makes_no_tokens(site: Site) -> None:
    headers = people.token(site.catalogue, people.add(site.catalogue, "anna"), "write")
    wish = {"name": "more", "scopes": ["read"]}
    assert await status_of(site.http, "POST", "/api/v1/tokens", json=wish, headers=headers) == 403
