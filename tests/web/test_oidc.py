"""Signing in with an identity provider: a real one from PyPI, and one of our own that lies."""

import asyncio
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from aiohttp import ClientSession, web
from joserfc import jwk, jwt
from playwright.async_api import Browser
from yarl import URL

from streamproc.catalogue import UserRole
from streamproc.config import AuthSettings
from streamproc.errors import ConfigError
from streamproc.messages import Kind
from streamproc.web.oidc import check_provider
from tests.web import people
from tests.web.people import SESSION
from tests.web.people import browser as client_of

Site = Any
GO, BACK = f"{SESSION}/oidc", f"{SESSION}/oidc/back"
CLAIMS = {"sub": "7", "preferred_username": "Anna", "name": "Анна Ким", "email": "anna@house.example"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """Return the address of oidc-provider-mock, a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--user-claims", json.dumps(CLAIMS)]
    strict = ["--require-nonce", "true", "--require-registration", "true"]
    process = subprocess.Popen([*command, *strict], stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def believe(site: Site, issuer: str, new_people: str | None = None, **oidc: str) -> None:
    """Have the site ask a provider."""
    auth = {"new_people": new_people, "oidc": {"issuer": issuer, "client_id": "streamproc", **oidc}}
    settings = site.settings.web.model_copy(update={"auth": AuthSettings.model_validate(auth)})
    site.settings = site.settings.model_copy(update={"web": settings})


Registered = Callable[..., Any]


@pytest.fixture
def register(site: Site, provider: str, monkeypatch: pytest.MonkeyPatch) -> Registered:
    """Return what has the real provider know the site, and the site ask it."""

    async def register(new_people: str | None = None, issuer: str = provider) -> None:
        wish = {"redirect_uris": [f"{site.address}{BACK}"]}
        async with ClientSession(provider) as client, client.post("/oauth2/clients", json=wish) as answer:
            given = await answer.json()
        monkeypatch.setenv("OIDC_SECRET", given["client_secret"])
        believe(site, issuer, new_people, client_id=given["client_id"], secret_env="OIDC_SECRET")

    return register


async def consent(client: ClientSession, subject: str = "7", **given: str) -> URL:
    """Go to the provider as a browser does, and return where it leads back to."""
    async with client.get(GO, allow_redirects=False) as answer:
        assert answer.status == 302
        address = answer.headers["Location"]
    async with client.post(URL(address, encoded=True), data={"sub": subject}, allow_redirects=False) as answer:
        back = URL(answer.headers["Location"], encoded=True)
    return back.update_query(given)


async def arrive(client: ClientSession, back: URL) -> str:
    """Come back, and return where our page is then."""
    async with client.get(back, allow_redirects=False) as answer:
        assert answer.status == 303
        return answer.headers["Location"]


async def test_who_the_provider_vouches_for_is_signed_in(site: Site, register: Registered) -> None:
    people.add(site.catalogue, "anna", UserRole.EDITOR)
    await register()
    async with client_of(site.address) as client:
        assert await arrive(client, await consent(client)) == "/"
        async with client.get(SESSION) as answer:
            me = await answer.json()
    assert (me["user"]["name"], me["may"], me["sign_in"]) == ("anna", ["view", "edit"], ["password", "oidc"])


async def test_somebody_new_gets_the_role_that_is_configured(site: Site, register: Registered) -> None:
    await register("viewer")
    async with client_of(site.address) as client:
        assert await arrive(client, await consent(client)) == "/"
    (anna,) = site.catalogue.people.all()
    assert (anna.name, anna.full_name, anna.role, anna.has_password) == ("anna", "Анна Ким", UserRole.VIEWER, False)


async def test_somebody_new_stays_out_where_nobody_said_a_role(site: Site, register: Registered) -> None:
    await register()
    async with client_of(site.address) as client:
        assert await arrive(client, await consent(client)) == "/?sign_in=unknown"
        async with client.get(SESSION) as answer:
            assert answer.status == 401
    assert site.catalogue.people.all() == []


async def test_somebody_who_is_kept_out_here_stays_out(site: Site, register: Registered) -> None:
    people.add(site.catalogue, "boss", UserRole.ADMIN)
    anna = people.add(site.catalogue, "anna")
    site.catalogue.people.change(anna.id, people.KEPT_OUT)
    await register("viewer")
    async with client_of(site.address) as client:
        assert await arrive(client, await consent(client)) == "/?sign_in=unknown"


async def test_an_answer_that_belongs_to_another_browser_is_refused(site: Site, register: Registered) -> None:
    await register("viewer")
    async with client_of(site.address) as one, client_of(site.address) as other:
        back = await consent(one)
        await consent(other)
        assert await arrive(other, back) == "/?sign_in=failed"
        assert await arrive(one, back.update_query(state="else")) == "/?sign_in=failed"
    assert site.catalogue.people.all() == []


async def test_a_code_is_good_once(site: Site, register: Registered) -> None:
    await register("viewer")
    async with client_of(site.address) as client:
        back = await consent(client)
        cookies = {cookie.key: cookie.value for cookie in client.cookie_jar}
        assert await arrive(client, back) == "/"
        async with site.http.get(back, cookies=cookies, allow_redirects=False) as answer:
            assert answer.headers["Location"] == "/?sign_in=failed"


async def test_while_a_provider_vouches_nobody_comes_in_unasked(site: Site, register: Registered) -> None:
    await register()
    async with site.http.get("/api/v1/channels") as answer:
        assert answer.status == 401


async def test_without_a_provider_there_is_no_way_to_it(site: Site) -> None:
    async with site.http.get(GO) as answer:
        problem = await answer.json(content_type="application/problem+json")
    assert (answer.status, "no identity provider is configured" in problem["detail"]) == (404, True)


async def test_a_provider_that_is_away_leads_back_to_the_page(site: Site) -> None:
    believe(site, f"http://127.0.0.1:{free_port()}")
    async with site.http.get(GO, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/?sign_in=failed")


@pytest.mark.chromium
async def test_a_browser_that_comes_back_from_another_site_is_signed_in(
    site: Site, register: Registered, browser: Browser, provider: str
) -> None:
    site.change(Kind.UNKNOWN, Kind.PROGRAMME, 2, start=True)
    await register("viewer", provider.replace("127.0.0.1", "localhost"))  # for a browser that is another site
    page = await (await browser.new_context(locale="en-GB")).new_page()
    await page.goto(site.address)
    await page.get_by_role("link", name="Sign in with OpenID").click()
    await page.wait_for_url(f"{provider.replace('127.0.0.1', 'localhost')}/**")
    await page.locator("input[name=sub]").fill("7")
    await page.locator("button").filter(has_text="Authorize").click()
    await page.wait_for_selector(".channel")
    (cookie,) = [one for one in await page.context.cookies() if one["name"] == "streamproc_session"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    await page.reload()
    await page.wait_for_selector(".channel")


class Liar:
    """A provider that signs what it is told to."""

    def __init__(self) -> None:
        self.key = jwk.RSAKey.generate_key(2048, {"kid": "1"})
        self.address = ""
        self.nonce = ""
        self.token: Callable[[dict[str, Any]], str] = self.sign
        self.proofs: list[str | None] = []
        self.sent: dict[str, Any] = {}

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.key)

    def claims(self) -> dict[str, Any]:
        now = int(time.time())
        honest = {"iss": self.address, "aud": "streamproc", "iat": now, "exp": now + 300, "nonce": self.nonce}
        return {**CLAIMS, **honest}

    async def configuration(self, _request: web.Request) -> web.Response:
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        urls = {name: f"{self.address}/{path}" for name, path in names.items()}
        return web.json_response({"issuer": self.address, **urls})

    async def redeem(self, request: web.Request) -> web.Response:
        self.proofs.append(request.headers.get("Authorization"))
        self.sent = dict(await request.post())
        return web.json_response({"access_token": "a", "id_token": self.token(self.claims())})

    async def keys(self, _request: web.Request) -> web.Response:
        return web.json_response({"keys": [self.key.as_dict(private=False)]})


@pytest.fixture
async def liar() -> AsyncIterator[Liar]:
    liar = Liar()
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", liar.configuration)
    app.router.add_post("/token", liar.redeem)
    app.router.add_get("/keys", liar.keys)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    liar.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield liar
    await runner.cleanup()


async def come_from(site: Site, liar: Liar) -> str:
    """Sign in with the liar; return where our page is then."""
    async with client_of(site.address) as client:
        async with client.get(GO, allow_redirects=False) as answer:
            asked = URL(answer.headers["Location"], encoded=True).query
        liar.nonce = asked["nonce"]
        return await arrive(client, URL(f"{site.address}{BACK}").with_query(code="c", state=asked["state"]))


async def test_a_token_that_is_true_is_believed(site: Site, liar: Liar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OIDC_SECRET", "s3cret")
    believe(site, liar.address, new_people="viewer", secret_env="OIDC_SECRET")
    assert await come_from(site, liar) == "/"
    assert liar.proofs == ["Basic c3RyZWFtcHJvYzpzM2NyZXQ="]
    assert re.fullmatch(r"[A-Za-z0-9_-]{64}", liar.sent["code_verifier"])


WRONG: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "for another client": lambda claims: {**claims, "aud": "else"},
    "of another provider": lambda claims: {**claims, "iss": "http://else.example"},
    "for another attempt": lambda claims: {**claims, "nonce": "else"},
    "that is over": lambda claims: {**claims, "exp": claims["exp"] - 3600},
    "without an end": lambda claims: {name: value for name, value in claims.items() if name != "exp"},
    "of nobody": lambda claims: {name: value for name, value in claims.items() if name != "preferred_username"},
}


@pytest.mark.parametrize("what", WRONG)
async def test_a_token_is_not_believed(site: Site, liar: Liar, what: str) -> None:
    believe(site, liar.address, new_people="viewer")
    liar.token = lambda claims: liar.sign(WRONG[what](claims))
    assert await come_from(site, liar) == "/?sign_in=failed"
    assert site.catalogue.people.all() == []


async def test_a_token_that_somebody_else_signed_is_not_believed(site: Site, liar: Liar) -> None:
    believe(site, liar.address, new_people="viewer")
    other = await asyncio.to_thread(jwk.RSAKey.generate_key, 2048, {"kid": "1"})
    liar.token = lambda claims: jwt.encode({"alg": "RS256", "kid": "1"}, claims, other)
    assert await come_from(site, liar) == "/?sign_in=failed"


async def test_a_token_that_nobody_signed_is_not_believed(site: Site, liar: Liar) -> None:
    believe(site, liar.address, new_people="viewer")

    def unsigned(claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "none"}, claims, jwk.OctKey.import_key("x" * 32), algorithms=["none"])

    liar.token = unsigned
    assert await come_from(site, liar) == "/?sign_in=failed"


def test_a_secret_that_is_not_there_is_said_before_anybody_signs_in() -> None:
    oidc = {"issuer": "https://sso.example", "client_id": "x", "secret_env": "NOT_SET"}
    with pytest.raises(ConfigError, match="NOT_SET is not set"):
        check_provider(AuthSettings.model_validate({"oidc": oidc}), {})
