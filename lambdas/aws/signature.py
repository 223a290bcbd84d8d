"""AWS Signature Version 4, of what is POSTed to a path without a query.

Source: IAM user guide, "Create a signed AWS API request". botocore's own is imported for longer than all of this
takes (see benchmarks/README.md); tests hold the two against each other.
"""

import hmac
from collections.abc import Mapping
from functools import reduce
from hashlib import sha256

from aws.credentials import Credentials


def signed(
    headers: Mapping[str, str], path: str, body: bytes, scope: tuple[str, str], credentials: Credentials
) -> dict[str, str]:
    """The headers (Host and X-Amz-Date among them) with those that sign them; `scope` is the region and the service."""
    headers = dict(headers)
    if credentials.token:
        headers["X-Amz-Security-Token"] = credentials.token
    lines = sorted(f"{name.lower()}:{value}" for name, value in headers.items())
    names = ";".join(line.partition(":")[0] for line in lines)
    request = "\n".join(["POST", path, "", *lines, "", names, sha256(body).hexdigest()])
    at = headers["X-Amz-Date"]
    parts = [at[:8], *scope, "aws4_request"]
    text = "\n".join(["AWS4-HMAC-SHA256", at, "/".join(parts), sha256(request.encode()).hexdigest()])
    signature = reduce(_mac, [*parts, text], f"AWS4{credentials.secret_key}".encode()).hex()
    credential = f"{credentials.access_key}/{'/'.join(parts)}"
    headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return headers


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
