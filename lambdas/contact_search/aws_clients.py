"""Create the boto3 clients.

Credentials, endpoints, proxies, certificates, retries and errors are botocore's, with all its environment variables.
"""

import encodings.idna  # noqa: F401 - the first look-up of a host name would import it otherwise
from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials, create_credential_resolver
from botocore.exceptions import NoCredentialsError
from botocore.handlers import BUILTIN_HANDLERS

from contact_search import __version__

# A fixed header: botocore composes its own for every request, which takes 10 % of a call of DynamoDB.
_USER_AGENT = f"contact-search/{__version__} Boto3/{boto3.__version__} Botocore/{botocore.__version__}"


def connect_client() -> Any:
    """Create a client of Amazon Connect.

    With the 20 s that a caller may wait for a slot, its timeouts are within the 29 s of API Gateway. botocore does not
    retry: every attempt needs a slot of its own.
    """
    return _create_client("connect", read_timeout=6, attempts=1)


def dynamodb_client(read_timeout: float, attempts: int) -> Any:
    """Create a client of DynamoDB.

    Args:
        read_timeout: Seconds to wait for a response, per attempt.
        attempts: The number of attempts, including the first.
    """
    return _create_client("dynamodb", read_timeout, attempts)


def kms_client() -> Any:
    """Create a client of KMS."""
    return _create_client("kms", read_timeout=2, attempts=3)


def step_functions_client() -> Any:
    """Create a client of Step Functions."""
    return _create_client("stepfunctions", read_timeout=5, attempts=2)


def s3_client(read_timeout: float, attempts: int) -> Any:
    """Create a client of S3. It takes ten times as long as any other, so create it when it is needed.

    Args:
        read_timeout: Seconds to wait for a response, per attempt.
        attempts: The number of attempts, including the first.
    """
    # S3 consists of botocore's handlers to a large part, and the shared session has none of single services.
    session = botocore.session.Session()
    session.register_component("credential_provider", shared_credentials())
    # By default, presigned URLs have an older signature and the host of us-east-1, which redirects: not every HTTP
    # client follows, and new regions accept neither.
    presigning = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    config = _config(read_timeout, attempts).merge(presigning)
    return boto3.Session(botocore_session=session).client("s3", config=config)


def _create_client(service: str, read_timeout: float, attempts: int) -> Any:
    return shared_session().client(service, config=_config(read_timeout, attempts))


def _config(read_timeout: float, attempts: int) -> Config:
    return Config(
        connect_timeout=1,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        user_agent=_USER_AGENT,
        parameter_validation=False,  # parameters are validated when a request comes in, or are our own
    )


@cache
def shared_session() -> boto3.Session:
    """Return the session of all clients, so that configuration, models and credentials are read once."""
    session = botocore.session.Session(include_builtin_handlers=False)
    for event, handler, *_ in BUILTIN_HANDLERS:
        # Without the handlers of single services: every client copies all of them, which takes 5 % of a cold start.
        # Amazon Connect, DynamoDB and KMS have none; a test says if another service does.
        if "." not in event:
            session.register(event, handler)
    session.register_component("credential_provider", DeferredCredentials(session))
    return boto3.Session(botocore_session=session)


def shared_credentials() -> "DeferredCredentials":
    """Return the credentials of all clients."""
    credentials: DeferredCredentials = shared_session().get_credentials()
    return credentials


class DeferredCredentials:
    """Find credentials as botocore does, but when a request is signed, not when a client is created.

    Clients are created before SnapStart's snapshot, and credentials must not be in it.

    Attributes:
        found: What botocore found. It refreshes itself. None to look for credentials when they are needed next.
    """

    method = "deferred"  # where credentials come from, in the words of botocore

    def __init__(self, session: botocore.session.Session) -> None:
        self.found: Credentials | None = None
        self._session = session

    def load_credentials(self) -> "DeferredCredentials":
        """Return itself: the interface of a session's credential provider."""
        return self

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return the credentials of this moment.

        Raises:
            NoCredentialsError: botocore finds none.
        """
        return self._find().get_frozen_credentials()

    def get_deferred_property(self, name: str) -> Callable[[], Any]:
        """Return a function that returns a property, such as the account's id. Endpoints can depend on it."""

        def get_property() -> Any:
            return self._find().get_deferred_property(name)()

        return get_property

    def _find(self) -> Credentials:
        if self.found is None:
            region = self._session.get_config_variable("region")
            self.found = create_credential_resolver(self._session, region_name=region).load_credentials()
        if self.found is None:
            raise NoCredentialsError
        return self.found
