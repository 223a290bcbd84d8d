"""Check for each request of the suite that nothing sensitive is logged or answered.

What is sensitive is taken from the request and its answer: texts, attributes, tags and names that a search contains,
credentials, cursors, and the same members of the contacts in the answer.
"""

import contextlib
import io
import json
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import jwt

from contact_search.logger import logger
from sandbox.aws_server import ACCOUNT
from sandbox.gateway.proxy_event import Request

# Shorter texts may appear in a log by chance.
_SHORTEST = 6
_PARAMETERS = ("transcript", "attribute.", "segment.", "tag.", "name", "cursor", "queue", "agent")
_MEMBERS = {"search_text", "key", "values", "tag_key", "tag_value", "cursor", "next_cursor", "name", "tags"}
_MEMBERS |= {"segment_attributes", "username", "url", "attributes", "description", "display_name"}
# Phone numbers, addresses, and the locations of recordings.
_MEMBERS |= {"customer_endpoint", "system_endpoint", "additional_email_recipients", "recordings", "customer_id"}


@contextlib.contextmanager
def recorded() -> Iterator[io.StringIO]:
    """Record what is logged, in addition to where it goes."""
    text = io.StringIO()
    stream, output = logger.registered_handler.stream, sys.stdout  # type: ignore[attr-defined]
    logger.registered_handler.stream = _Tee(stream, text)  # type: ignore[attr-defined]
    sys.stdout = _Tee(output, text)
    try:
        yield text
    finally:
        logger.registered_handler.stream, sys.stdout = stream, output  # type: ignore[attr-defined]


class _Tee(io.StringIO):
    def __init__(self, *streams: Any) -> None:
        super().__init__()
        self._streams = streams

    def write(self, text: str) -> int:
        for stream in self._streams:
            stream.write(text)
        return len(text)


def assert_nothing_leaks(request: Request, status: int, answer: str, logged: str) -> None:
    """Assert that nothing sensitive is in the log, and that no problem repeats what the search contained."""
    given = [value for name, value in request.headers if name in _CREDENTIALS]
    credentials = {*given, *(value.rpartition(" ")[2] for value in given)}
    credentials |= {text for value in given for text in _told_of_a_person(value)}
    searched = _searched(request)
    found = _texts_of(answer) if status == 200 else set()
    logged = logged.replace(ACCOUNT, "")  # each line has the function's ARN, and a searched text may be a part of it
    leaks = [text for text in searched | credentials | found if _is_in(text, logged)]
    assert not leaks, f"logged: {leaks}"
    if status >= 400:
        told = [
            text for text in searched | credentials if _is_in(text, answer) and text not in _told_on_purpose(answer)
        ]
        assert not told, f"told: {told}"


def sensitive_texts(summaries: Iterable[dict[str, Any]]) -> set[str]:
    """Return the sensitive texts of contacts, which have Connect's member names."""
    members = [summary.get(member) for summary in summaries for member in ("Name", "Tags", "SegmentAttributes")]
    return {text for member in members for text in _leaves(member, is_sensitive=True)}


def assert_nothing_logged(texts: Iterable[str], logged: str) -> None:
    """Assert that the log has none of these texts, and no signature of a URL."""
    leaks = [text for text in (*texts, "X-Amz-Signature") if _is_in(text, logged)]
    assert not leaks, f"logged: {leaks}"


def _is_in(text: str, written: str) -> bool:
    """Return whether the log has the text, as it is or as JSON encodes it."""
    return len(text) >= _SHORTEST and any(spelling in written for spelling in _spellings(text))


@lru_cache(100_000)  # most texts are of the sample's contacts
def _spellings(text: str) -> set[str]:
    return {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}


def _told_on_purpose(answer: str) -> str:
    """Return what a problem may repeat: parameter names, which may have a KEY, and Connect's message about the input.

    It may also suggest a name similar to an unknown one, which may contain it.
    """
    problem = json.loads(answer)
    if problem["type"] == "/problems/rejected-by-connect":
        return answer
    faults = problem.get("errors", [])
    told = [fault.get("parameter", fault.get("pointer", "")) for fault in faults]
    told += [fault["detail"].partition("did you mean")[2] for fault in faults if fault["code"] == "unknown_name"]
    return " ".join(told)


_CREDENTIALS = {"x-api-key", "authorization", "idempotency-key"}


def _told_of_a_person(credential: str) -> Iterable[str]:
    """Return who a bearer token says that it is about."""
    try:
        claims = jwt.decode(credential.rpartition(" ")[2], options={"verify_signature": False})
    except (jwt.PyJWTError, RecursionError, ValueError):
        return ()
    return [
        claims[name] for name in ("sub", "name", "email", "preferred_username") if isinstance(claims.get(name), str)
    ]


def _searched(request: Request) -> set[str]:
    pairs = parse_qsl(request.query.decode(errors="replace"), errors="replace", max_num_fields=None)
    texts = {value for name, value in pairs if name.startswith(_PARAMETERS) and not name.endswith("_match")}
    return texts | _texts_of(request.body.decode(errors="replace"))


def _texts_of(text: str) -> set[str]:
    try:
        return set(_leaves(json.loads(text), is_sensitive=False))
    except (ValueError, RecursionError):
        return set()


def _leaves(value: Any, *, is_sensitive: bool) -> Iterable[str]:
    if isinstance(value, str) and is_sensitive:
        yield value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from _leaves(member, is_sensitive=is_sensitive or name in _MEMBERS)
    elif isinstance(value, list):
        for element in value:
            yield from _leaves(element, is_sensitive=is_sensitive)
