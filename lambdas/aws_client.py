"""Clients of AWS services, from botocore alone: boto3 would import s3transfer, a quarter of a cold start."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.parsers import ResponseParser, ResponseParserFactory, RestJSONParser

# botocore's own User-Agent is put together anew for each request, which takes a tenth of it. And what is sent has been
# validated when it came, or is ours.
_OWN = Config(user_agent="contact-search", parameter_validation=False)


def aws_client(service: str, config: Config | None = None, **where: str) -> Any:
    """A client as boto3.client gives it, but for SearchContacts' answers: these have a `Body`, as it came.

    `where` are endpoint, region and credentials as boto3 has them, if others than the environment's.
    """
    return _session().create_client(service, config=_OWN if config is None else config.merge(_OWN), **where)


@cache
def _session() -> botocore.session.Session:
    session = botocore.session.get_session()
    session.register_component("response_parser_factory", _ParserFactory())
    return session


class _ParserFactory(ResponseParserFactory):  # type: ignore[misc]
    def create_parser(self, protocol_name: str) -> ResponseParser:
        if protocol_name == "rest-json":
            return _BodyParser(**self._defaults)
        return super().create_parser(protocol_name)


class _BodyParser(RestJSONParser):  # type: ignore[misc]
    """Leaves bodies of SearchContacts as they are, to be parsed once and cached, but for those of errors."""

    def _do_parse(self, response: Mapping[str, Any], shape: Any) -> dict[str, Any]:
        if shape is None or shape.name != "SearchContactsResponse":  # what credentials are made of, for one
            return super()._do_parse(response, shape)  # type: ignore[no-any-return]
        return {"Body": response["body"], "ResponseMetadata": {}}
