"""Clients of AWS services, from botocore alone: boto3 would import s3transfer, a quarter of a cold start."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.parsers import ResponseParser, ResponseParserFactory, RestJSONParser

# botocore's own, which says much of the machine, is put together anew for each request.
_USER_AGENT = "contact-search"


def aws_client(service: str, config: Config | None = None, **where: str) -> Any:
    """A client as boto3.client gives it, but for the answers of REST JSON services: these have a `Body`, as it came.

    `where` are endpoint, region and credentials as boto3 has them, if others than the environment's.
    """
    own = Config(user_agent=_USER_AGENT)
    return _session().create_client(service, config=own if config is None else config.merge(own), **where)


@cache
def _session() -> botocore.session.Session:
    session = botocore.session.get_session()
    session.register_component("response_parser_factory", _ParserFactory())
    return session


class _ParserFactory(ResponseParserFactory):  # type: ignore[misc]
    def create_parser(self, protocol_name: str) -> ResponseParser:
        if protocol_name == "rest-json":  # of the services called here, Amazon Connect alone
            return _BodyParser(**self._defaults)
        return super().create_parser(protocol_name)


class _BodyParser(RestJSONParser):  # type: ignore[misc]
    """Leaves bodies as they are, to be parsed once and cached, but for those of errors."""

    def _do_parse(self, response: Mapping[str, Any], shape: Any) -> dict[str, Any]:  # noqa: ARG002 - the parser's own
        return {"Body": response["body"], "ResponseMetadata": {}}
