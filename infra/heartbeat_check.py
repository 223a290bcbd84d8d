"""Check that the API answers. Lambda runs this file as it is; it raises where the API does not answer."""

import os
import urllib.request


def handler(event: object, context: object) -> None:  # noqa: ARG001 - Lambda passes both
    url = f"{os.environ['ADDRESS'].rstrip('/')}/health"
    with urllib.request.urlopen(url, timeout=15) as response:  # noqa: S310 - the stack's own https address
        print(response.status)
