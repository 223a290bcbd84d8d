"""The credentials that calls of AWS are signed with."""

import os
from functools import cache
from typing import Any, NamedTuple

from aws.errors import NO_CREDENTIALS, AwsError


class Credentials(NamedTuple):
    """As botocore's ReadOnlyCredentials has them; `token` is that of a session, if they are of one."""

    access_key: str
    secret_key: str
    token: str | None


def current_credentials() -> Credentials:
    """Those of the environment, as Lambda gives them; else where botocore finds them, and as it refreshes them.

    The latter are those of an environment that SnapStart has restored, and an operator's own. Raises AwsError.
    """
    of = os.environ.get
    if (access_key := of("AWS_ACCESS_KEY_ID")) and (secret_key := of("AWS_SECRET_ACCESS_KEY")):
        return Credentials(access_key, secret_key, of("AWS_SESSION_TOKEN"))
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - seldom needed, and imported for long

    try:
        found = _session().get_credentials()
        if found is None:
            raise AwsError(NO_CREDENTIALS)
        return Credentials(*found.get_frozen_credentials()[:3])
    except BotoCoreError as error:
        raise AwsError(NO_CREDENTIALS) from error


@cache
def _session() -> Any:
    import botocore.session  # noqa: PLC0415 - as above

    return botocore.session.get_session()
