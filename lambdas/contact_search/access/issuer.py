"""Verify bearer tokens of the OIDC issuer (RFC 7519, as RFC 8725 recommends)."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import jwt

from contact_search.access.credentials import UnauthenticatedError
from contact_search.log_lines import ISSUER_UNAVAILABLE
from contact_search.logger import logger

_TIMEOUT = 3  # seconds
_LARGEST_DOCUMENT = 1 << 20  # bytes
# Seconds until the issuer's keys are fetched again, and between two attempts to fetch them.
_LIFETIME, _COOLDOWN = 600, 10
# Seconds by which the issuer's clock and ours may differ.
_LEEWAY = 10


class IssuerUnavailableError(Exception):
    """The issuer's keys are not known and cannot be fetched."""


class Issuer:
    """Verify tokens that the issuer signed for an audience."""

    def __init__(self, url: str, audience: str, algorithms: Sequence[str], jwks_uri: str = "") -> None:
        """Fetch nothing yet.

        Args:
            url: The `iss` of its tokens.
            audience: The `aud` of the tokens for this service.
            algorithms: The asymmetric algorithms to accept.
            jwks_uri: Where the issuer's keys are. If empty, the issuer's discovery document tells.
        """
        self._url = url
        self._audience = audience
        self._algorithms = algorithms
        self._keys = _SigningKeys(url, jwks_uri)

    def verify(self, token: str) -> Mapping[str, Any]:
        """Verify a token and return its claims.

        Raises:
            UnauthenticatedError: The token is not good.
            IssuerUnavailableError: Nobody can tell, because the issuer's keys are missing.
        """
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in self._algorithms:
                raise UnauthenticatedError("algorithm")
            claims: dict[str, Any] = jwt.decode(
                token,
                self._keys.get(header.get("kid")).key,
                algorithms=[header["alg"]],
                audience=self._audience,
                issuer=self._url,
                leeway=_LEEWAY,
                options={"require": ["exp", "iss", "aud"]},
            )
        except (jwt.PyJWTError, TypeError, ValueError, RecursionError) as error:
            raise UnauthenticatedError(type(error).__name__) from None  # the cause may quote the token
        return claims


class _SigningKeys:
    """Keep the issuer's public keys. They survive an outage of the issuer."""

    def __init__(self, issuer_url: str, jwks_uri: str) -> None:
        self._issuer_url = issuer_url
        self._configured_uri = jwks_uri
        self._client: _JwksClient | None = None
        self._keys: list[jwt.PyJWK] = []
        self._stale_at = self._next_attempt_at = 0.0  # time.monotonic()

    def get(self, key_id: Any) -> jwt.PyJWK:
        """Return the key with this id, and fetch the keys first if they are stale or do not include it.

        Raises:
            UnauthenticatedError: The issuer has no such key.
            IssuerUnavailableError: No keys are known, and the issuer cannot be reached.
        """
        key = self._find(key_id)
        if (key is None or time.monotonic() > self._stale_at) and time.monotonic() > self._next_attempt_at:
            self._refresh()
            key = self._find(key_id)
        if key is not None:
            return key
        if not self._keys:
            raise IssuerUnavailableError
        raise UnauthenticatedError("unknown key")

    def _find(self, key_id: Any) -> jwt.PyJWK | None:
        return next((key for key in self._keys if key.key_id == key_id), None)

    def _refresh(self) -> None:
        """Fetch the keys, or keep the old ones if that fails."""
        self._next_attempt_at = time.monotonic() + _COOLDOWN
        try:
            self._client = self._client or _JwksClient(
                self._configured_uri or str(discover(self._issuer_url)["jwks_uri"])
            )
            keys = self._client.get_jwk_set().keys
        except Exception as error:  # noqa: BLE001 - whatever the issuer answers, the old keys stay
            self._client = None  # the keys may have moved: discover them again
            logger.warning(ISSUER_UNAVAILABLE.message, extra=ISSUER_UNAVAILABLE.extra(failure=type(error).__name__))
        else:
            self._keys = [
                key for key in keys if key.public_key_use in (None, "sig") and key.key_type in ("RSA", "EC", "OKP")
            ]
            self._stale_at = time.monotonic() + _LIFETIME


class _JwksClient(jwt.PyJWKClient):
    """Fetch keys without PyJWT's cache, which forgets old keys when it expires, even in an outage."""

    def __init__(self, uri: str) -> None:
        super().__init__(uri, cache_jwk_set=False)

    def fetch_data(self) -> Any:
        """Fetch the JWK set, but never over plain http and never more than a megabyte."""
        return _fetch_json(self.uri)


def discover(issuer_url: str) -> Mapping[str, Any]:
    """Return what the issuer says of itself (OpenID Connect Discovery 1.0, section 4).

    Raises:
        OSError: The issuer cannot be reached.
        ValueError: The document cannot be used.
    """
    document: dict[str, Any] = _fetch_json(f"{issuer_url.rstrip('/')}/.well-known/openid-configuration")
    if document["issuer"] != issuer_url:
        raise ValueError("the document is of another issuer")
    return document


def _fetch_json(url: str) -> Any:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost"):
        raise ValueError("the URL is not https")
    opener = build_opener(_HttpsRedirectHandler)
    with opener.open(url, timeout=_TIMEOUT) as response:
        content = response.read(_LARGEST_DOCUMENT + 1)
    if len(content) > _LARGEST_DOCUMENT:
        raise ValueError("the document is too large")
    return json.loads(content)


class _HttpsRedirectHandler(HTTPRedirectHandler):
    """Follow redirects to https only: whoever can change a plain response could send keys of their own."""

    def redirect_request(  # noqa: PLR0913, PLR0917 - urllib's signature
        self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        if urlsplit(newurl).scheme != "https":
            raise ValueError("the redirect is not to https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
