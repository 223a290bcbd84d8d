"""Sign people in and issue tokens as an OIDC issuer does, over HTTP."""

import hashlib
import json
import threading
import time
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

AUDIENCE = "contact-search"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


class OidcIssuer:
    """Serve what an issuer has to serve over HTTP, and count the requests: discovery, keys, sign-in and tokens.

    Nobody types a password in: whoever comes to the authorization endpoint is the user with the claims `person`, and is
    sent back at once. It is as strict as an issuer should be about what the application sends.

    Attributes:
        answer: What to send back from the authorization endpoint in place of what is right; None leaves a member out.
        id_claims: Claims of the ID token in place of those that are right.
    """

    def __init__(self) -> None:
        self.asked, self.is_up = 0, True
        self.keys = [to_jwk(RSA_KEY, "rsa", "RS256"), to_jwk(EC_KEY, "ec", "ES256")]
        self.person: dict[str, Any] = {"sub": "ann@example.com"}
        self.answer: dict[str, str | None] = {}
        self.id_claims: dict[str, Any] = {}
        self.authorized: list[dict[str, str]] = []  # what came to the authorization endpoint
        self.signed_out: list[dict[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def discovery(self) -> dict[str, str]:
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/keys",
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "end_session_endpoint": f"{self.url}/end",
        }

    def token(self, key: Any = RSA_KEY, kid: str = "rsa", algorithm: str = "RS256", **claims: Any) -> str:
        """Issue a valid token for client `batch`. Arguments replace its claims, and None leaves a claim out."""
        now = int(time.time())
        good = {"iss": self.url, "aud": AUDIENCE, "exp": now + 300, "iat": now, "client_id": "batch"}
        given = {name: value for name, value in (good | claims).items() if value is not None}
        return jwt.encode(given, key, algorithm=algorithm, headers={"kid": kid})

    def authorize(self, request: dict[str, str]) -> str:
        """Return the address to send the person back to, with a code (RFC 6749, 4.1.2; RFC 9207)."""
        assert (request["response_type"], request["code_challenge_method"]) == ("code", "S256")
        assert "openid" in request["scope"].split()
        self.authorized.append(request)
        answer = {"code": f"code-{len(self.authorized)}", "state": request["state"], "iss": self.url, **self.answer}
        return f"{request['redirect_uri']}?{urlencode({name: text for name, text in answer.items() if text})}"

    def exchange(self, form: dict[str, str]) -> dict[str, Any] | None:
        """Return the tokens for a code, None if the request is not good (RFC 6749, 4.1.3; RFC 7636, 4.6)."""
        request = self.authorized[-1]
        challenge = urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        expected = {
            "grant_type": "authorization_code",
            "code": f"code-{len(self.authorized)}",
            "code_verifier": form["code_verifier"],
            **{name: request[name] for name in ("redirect_uri", "client_id")},
        }
        if form != expected or challenge != request["code_challenge"]:
            return None
        client = request["client_id"]
        id_claims = {"aud": client, "nonce": request["nonce"], **self.person, **self.id_claims}
        end = int(time.time()) + 3_600
        return {
            "access_token": self.token(client_id=client, exp=end, **self.person),
            "id_token": self.token(**{"client_id": None, "exp": end, **id_claims}),
            "token_type": "Bearer",
        }

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(issuer: OidcIssuer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked += 1
            url = urlsplit(self.path)
            query = dict(parse_qsl(url.query))
            if url.path == "/authorize":
                self._send_away(issuer.authorize(query))
            elif url.path == "/end":
                issuer.signed_out.append(query)
                self._send_away(query["post_logout_redirect_uri"])
            else:
                self._answer({"keys": issuer.keys} if url.path == "/keys" else issuer.discovery())

        def do_POST(self) -> None:
            form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            tokens = issuer.exchange(form)
            self._answer(tokens or {"error": "invalid_grant"}, 200 if tokens else 400)

        def _send_away(self, location: str) -> None:
            self.send_response(302)
            self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _answer(self, content: Any, status: int = 200) -> None:
            body = json.dumps(content).encode()
            self.send_response(status if issuer.is_up else 503)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


def to_jwk(key: Any, kid: str, algorithm: str) -> dict[str, Any]:
    public: dict[str, Any] = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    return public | {"kid": kid, "use": "sig", "alg": algorithm}
