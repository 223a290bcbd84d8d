"""Issue tokens as an OIDC issuer does, over HTTP."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

AUDIENCE = "contact-search"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


class OidcIssuer:
    """Serve an issuer's discovery document and keys over HTTP, and count the requests."""

    def __init__(self) -> None:
        issuer = self
        self.asked, self.is_up = 0, True
        self.keys = [to_jwk(RSA_KEY, "rsa", "RS256"), to_jwk(EC_KEY, "ec", "ES256")]

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                discovery = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"}
                body = json.dumps({"keys": issuer.keys} if self.path == "/keys" else discovery).encode()
                self.send_response(200 if issuer.is_up else 503)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def token(self, key: Any = RSA_KEY, kid: str = "rsa", algorithm: str = "RS256", **claims: Any) -> str:
        """Issue a valid token for client `batch`. Arguments replace its claims, and None leaves a claim out."""
        now = int(time.time())
        good = {"iss": self.url, "aud": AUDIENCE, "exp": now + 300, "iat": now, "client_id": "batch"}
        given = {name: value for name, value in (good | claims).items() if value is not None}
        return jwt.encode(given, key, algorithm=algorithm, headers={"kid": kid})

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def to_jwk(key: Any, kid: str, algorithm: str) -> dict[str, Any]:
    public: dict[str, Any] = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    return public | {"kid": kid, "use": "sig", "alg": algorithm}
