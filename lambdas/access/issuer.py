"""The OIDC issuer whose bearer tokens are accepted (RFC 7519, checked as RFC 8725 wants)."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import jwt

from access.credential import UnauthenticatedError
from telemetry import logger

_TIMEOUT = 3  # seconds
_LARGEST = 1 << 20  # bytes
# Seconds for which the issuer's keys are taken as its latest, and for which it is not asked again at all.
_FRESH, _REST = 600, 10
# Seconds by which the issuer's clock and ours may differ.
_LEEWAY = 10
# Of a request to the issuer, and of what it answers.
_FAILURES = (OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError, RecursionError, jwt.PyJWTError)


class IssuerUnavailableError(Exception):
    """The issuer's keys cannot be had, and none are known."""


@dataclass
class Issuer:
    """Tokens are good if the issuer signed them for this audience, with one of these (asymmetric) algorithms.

    `client_claims` say which client a token is of, the first that it has. Without a `jwks_uri` the issuer's discovery
    document says where its keys are.
    """

    url: str
    audience: str
    algorithms: Sequence[str]
    client_claims: Sequence[str]
    jwks_uri: str = ""
    _keys: list[jwt.PyJWK] = field(default_factory=list)
    _read_at: float = -_FRESH
    _asked_at: float = -_FRESH
    _discovered: str = ""

    def client_of(self, token: str) -> str:
        """The name of the token's client. Raises UnauthenticatedError, and IssuerUnavailableError."""
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in self.algorithms:
                raise UnauthenticatedError("algorithm")
            claims = jwt.decode(
                token,
                self._key(header.get("kid")).key,
                algorithms=[header["alg"]],
                audience=self.audience,
                issuer=self.url,
                leeway=_LEEWAY,
                options={"require": ["exp", "iss", "aud"]},
            )
        except (jwt.PyJWTError, TypeError, ValueError, RecursionError) as error:
            raise UnauthenticatedError(type(error).__name__) from None  # its own words quote the token
        client = next((claims[claim] for claim in self.client_claims if claim in claims), None)
        if not isinstance(client, str) or not client:
            raise UnauthenticatedError("no client")
        return client

    def _key(self, kid: Any) -> jwt.PyJWK:
        """The issuer's key of this id; what is known of its keys outlives an outage of the issuer."""
        known = self._known(kid)
        is_stale = time.monotonic() > self._read_at + _FRESH
        if (known is None or is_stale) and time.monotonic() > self._asked_at + _REST:
            self._asked_at = time.monotonic()
            try:
                self._keys = self._read_keys()
                self._read_at = time.monotonic()
            except _FAILURES as error:
                self._discovered = ""
                logger.warning("issuer unavailable", extra={"failure": type(error).__name__})
            known = self._known(kid)
        if known is not None:
            return known
        if not self._keys:
            raise IssuerUnavailableError
        raise UnauthenticatedError("unknown key")

    def _known(self, kid: Any) -> jwt.PyJWK | None:
        return next((key for key in self._keys if key.key_id == kid), None)

    def _read_keys(self) -> list[jwt.PyJWK]:
        if not (self.jwks_uri or self._discovered):
            discovered = _json_at(f"{self.url.rstrip('/')}/.well-known/openid-configuration")
            if discovered["issuer"] != self.url:
                raise ValueError("another issuer")
            self._discovered = discovered["jwks_uri"]
        # Keys of kinds that PyJWT does not know are left out.
        keys = jwt.PyJWKSet.from_dict(_json_at(self.jwks_uri or self._discovered)).keys
        return [key for key in keys if key.public_key_use in (None, "sig") and key.key_type in ("RSA", "EC", "OKP")]


def _json_at(url: str) -> Any:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost"):
        raise ValueError("not https")
    with urlopen(url, timeout=_TIMEOUT) as response:  # noqa: S310 - the operator's issuer, over https
        return json.loads(response.read(_LARGEST))
