"""Asks an identity provider who somebody is: OpenID Connect's authorization code flow with PKCE.

The provider's answers are few and rare, so nothing of them is kept: where its addresses are and what its keys are is
asked at each sign-in, and a key that it has just replaced is no special case. Checking signatures is joserfc's work.
"""

import hashlib
import os
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import ClientError, ClientSession, ClientTimeout, encode_basic_auth
from pydantic import BaseModel, ConfigDict, ValidationError

from streamproc.config import AuthSettings, OidcSettings
from streamproc.errors import ConfigError, StreamprocError

SCOPE = "openid profile email"
SIGNATURES = ["RS256", "PS256", "ES256", "EdDSA"]
"""Never "none", and never one that is made with the client's secret."""
TIMEOUT_S = 10.0
LEEWAY_S = 60
"""So much may the provider's clock differ from ours."""
FULL_NAME = "name"


class ProviderFailed(StreamprocError):
    """The identity provider can't be asked, or what it says can't be believed; one line for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What a sign-in that is under way must come back with; known to the browser that began it only."""

    state: str
    """Ties the provider's answer to the browser that began."""
    nonce: str
    """Ties the provider's token to this attempt."""
    verifier: str
    """Proves to the provider that who fetches the token is who began."""

    @classmethod
    def begin(cls) -> "Attempt":
        """Return a new one."""
        return cls(state=secrets.token_urlsafe(16), nonce=secrets.token_urlsafe(16), verifier=secrets.token_urlsafe(48))

    @classmethod
    def read(cls, text: str) -> "Attempt | None":
        """Return the one that was written; None when it is none."""
        parts = text.split(".")
        return None if len(parts) != 3 else cls(state=parts[0], nonce=parts[1], verifier=parts[2])

    def written(self) -> str:
        """Return it as a cookie's value."""
        return f"{self.state}.{self.nonce}.{self.verifier}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """Whom the provider vouches for."""

    name: str
    """The user's name, from the claim that the configuration names."""
    full_name: str
    """What people call them; may be empty."""


class _Addresses(BaseModel):
    """What of /.well-known/openid-configuration is needed."""

    model_config = ConfigDict(extra="ignore")

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None


class Provider:
    """See the module. Every call raises ProviderFailed."""

    def __init__(self, settings: OidcSettings, environ: Mapping[str, str] = os.environ) -> None:
        assert settings.issuer is not None  # nobody asks a provider that there is not
        assert settings.client_id is not None  # as the configuration was checked
        self._settings = settings
        self._issuer = settings.issuer
        self._client_id = settings.client_id
        self._secret = None if settings.secret_env is None else environ.get(settings.secret_env)

    async def address(self, back: str, attempt: Attempt) -> str:
        """Return where the browser goes to sign in; ``back`` is where it comes back to."""
        async with self._client() as client:
            addresses = await self._addresses(client)
        challenge = urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": back,
            "scope": SCOPE,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in addresses.authorization_endpoint else "?"
        return f"{addresses.authorization_endpoint}{joint}{urlencode(asked)}"

    async def vouched(self, code: str, back: str, attempt: Attempt) -> Vouched:
        """Return whom the provider means by a code."""
        async with self._client() as client:
            addresses = await self._addresses(client)
            given = await self._redeem(client, addresses, code, back, attempt)
            claims = _checked(
                str(given.get("id_token")), await _fetch(client, addresses.jwks_uri), self._expected(attempt)
            )
            if self._settings.name_claim not in claims and addresses.userinfo_endpoint is not None:
                more = await _fetch(client, addresses.userinfo_endpoint, token=str(given.get("access_token")))
                if more.get("sub") != claims["sub"]:
                    raise ProviderFailed("the provider's userinfo is somebody else's than its token")
                claims |= more
        name = claims.get(self._settings.name_claim)
        if not isinstance(name, str) or not name:
            raise ProviderFailed(
                f"the provider says no '{self._settings.name_claim}'; name another claim: web.auth.oidc.name_claim"
            )
        full_name = claims.get(FULL_NAME)
        return Vouched(name=name, full_name=full_name if isinstance(full_name, str) else "")

    def _client(self) -> ClientSession:
        return ClientSession(timeout=ClientTimeout(total=TIMEOUT_S))

    async def _addresses(self, client: ClientSession) -> _Addresses:
        said = await _fetch(client, f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        try:
            addresses = _Addresses.model_validate(said)
        except ValidationError as error:
            raise ProviderFailed(f"{self._issuer}: its openid-configuration lacks {_missing(error)}") from error
        if addresses.issuer.rstrip("/") != self._issuer.rstrip("/"):
            raise ProviderFailed(
                f"{self._issuer}: it calls itself {addresses.issuer}; write that as web.auth.oidc.issuer"
            )
        return addresses

    async def _redeem(
        self, client: ClientSession, addresses: _Addresses, code: str, back: str, attempt: Attempt
    ) -> dict[str, Any]:
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "client_id": self._client_id,
            "code_verifier": attempt.verifier,
        }
        headers = {}
        if self._secret is not None:  # RFC 6749, 2.3.1: both are encoded as a form's values are
            headers["Authorization"] = encode_basic_auth(quote(self._client_id, safe=""), quote(self._secret, safe=""))
        try:
            async with client.post(addresses.token_endpoint, data=sent, headers=headers) as answer:
                said = await answer.json(content_type=None)
        except (ClientError, TimeoutError, ValueError) as error:
            raise ProviderFailed(f"{addresses.token_endpoint}: {type(error).__name__}") from error
        if answer.status != 200 or not isinstance(said, dict):
            reason = said.get("error") if isinstance(said, dict) else None
            raise ProviderFailed(f"{addresses.token_endpoint}: {answer.status} {reason}")
        return said

    def _expected(self, attempt: Attempt) -> dict[str, Any]:
        return {
            "iss": {"essential": True, "values": [self._issuer, self._issuer.rstrip("/"), f"{self._issuer}/"]},
            "aud": {"essential": True, "value": self._client_id},
            "sub": {"essential": True},
            "exp": {"essential": True},
            "nonce": {"essential": True, "value": attempt.nonce},
        }


def check_provider(auth: AuthSettings, environ: Mapping[str, str] = os.environ) -> None:
    """Raise ConfigError when the provider could not be asked as things are."""
    if auth.oidc.issuer is None:
        return
    if find_spec("joserfc") is None:
        raise ConfigError("web.auth.oidc needs the package 'joserfc'; install streamproc[oidc]")
    if auth.oidc.secret_env is not None and not environ.get(auth.oidc.secret_env):
        raise ConfigError(f"web.auth.oidc: the environment variable {auth.oidc.secret_env} is not set")


def _checked(token: str, keys: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """Return the claims of a token that the provider signed for us, just now, for this attempt."""
    from joserfc import jwk, jwt
    from joserfc.errors import JoseError

    try:
        decoded = jwt.decode(token, jwk.KeySet.import_key_set(keys), algorithms=SIGNATURES)  # type: ignore[arg-type]
        jwt.JWTClaimsRegistry(leeway=LEEWAY_S, **expected).validate(decoded.claims)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise ProviderFailed(f"the provider's token can't be believed: {error}") from error
    return dict(decoded.claims)


async def _fetch(client: ClientSession, address: str, token: str | None = None) -> dict[str, Any]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        async with client.get(address, headers=headers) as answer:
            said = await answer.json(content_type=None)
    except (ClientError, TimeoutError, ValueError) as error:
        raise ProviderFailed(f"{address}: {type(error).__name__}") from error
    if answer.status != 200 or not isinstance(said, dict):
        raise ProviderFailed(f"{address}: it answers {answer.status}, and not with a JSON object")
    return said


def _missing(error: ValidationError) -> str:
    return str(error.errors(include_url=False)[0]["loc"][0])
