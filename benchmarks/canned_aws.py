"""Serve prepared answers of AWS at once, in a separate process, so that benchmarks do not measure AWS.

Amazon Connect, DynamoDB and KMS share one address. The first part of the path selects their behaviour:

    /prompt      Connect: a page of sample contacts, always the same, with a NextToken
    /slow        Connect: the same after 200 ms
    /ending      Connect: the only page of its window, with contacts of that window
    /keeping/N   DynamoDB: table N, which has every client and the names of queues and agents, and is otherwise
                 empty at first; conditions always hold
    /losing/N    DynamoDB: the same, but results are lost

`python -m benchmarks.canned_aws FOLDER` serves until its standard input is closed, with the certificate in the folder.
"""

import asyncio
import base64
import json
import ssl
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from contact_search.search.grants import Grant
from sandbox.contact_data.contact_record import parse_contact_record
from sandbox.contact_data.sample import INSTANCE_ARN, sample_contacts

INSTANCE_ID = INSTANCE_ARN.rsplit("/", 1)[-1]
UPSTREAM_SECONDS = 0.2
_TOTAL = 2_345
_DAY = datetime(2026, 11, 20, tzinfo=UTC)

Item = dict[str, dict[str, Any]]


class Address:
    """Hold the addresses for HTTP and for TLS with a self-signed certificate."""

    def __init__(self, certificate: Path, url: str, tls_url: str) -> None:
        self.certificate = certificate
        self._url = url
        self._tls_url = tls_url
        self._tables = count()

    def variables(self, connect: str = "prompt", dynamodb: str = "losing", *, tls: bool = False) -> dict[str, str]:
        """Return the environment variables that point to this AWS, with these behaviours and a separate table."""
        url = self._tls_url if tls else self._url
        return {
            "AWS_ENDPOINT_URL": url,
            "AWS_ENDPOINT_URL_CONNECT": f"{url}/{connect}",
            "AWS_ENDPOINT_URL_DYNAMODB": f"{url}/{dynamodb}/{next(self._tables)}",
        }


@contextmanager
def canned_aws() -> Iterator[Address]:
    """Run the prepared AWS."""
    with TemporaryDirectory() as folder:
        certificate = write_certificate(Path(folder))
        command = [sys.executable, "-m", "benchmarks.canned_aws", folder]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
        try:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            urls = process.stdout.readline().split()
            if not urls:
                raise RuntimeError("The canned AWS has not started")
            yield Address(certificate, *urls)
        finally:
            process.communicate()


def write_certificate(folder: Path) -> Path:
    """Write `key.pem`, and `certificate.pem` for 127.0.0.1. Return the path of the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "canned AWS")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(secret)
    path = folder / "certificate.pem"
    path.write_bytes(certificate.public_bytes(pem))
    return path


@cache
def contacts() -> list[dict[str, Any]]:
    """Return a page of contacts, the newest first."""
    samples = [parse_contact_record(sample.record).summary for sample in sample_contacts(400, 1, _DAY)]
    calls_and_chats = [contact for contact in samples if contact["Channel"] in ("VOICE", "CHAT")]
    return sorted(calls_and_chats, key=lambda contact: contact["InitiationTimestamp"], reverse=True)[:100]


@cache
def _page(size: int) -> bytes:
    page = {"Contacts": contacts()[:size], "NextToken": "Tk" * 200, "TotalCount": _TOTAL}
    return json.dumps(page).encode()


def _only_page(request: dict[str, Any]) -> bytes:
    """Return MaxResults contacts, one minute apart, ending at the end of the window."""
    end = request["TimeRange"]["EndTime"]
    page = [
        contact | {"Id": f"{contact['Id'][:-10]}{end:010.0f}", "InitiationTimestamp": end - 60 * number}
        for number, contact in enumerate(contacts()[: request["MaxResults"]], start=1)
    ]
    return json.dumps({"Contacts": page, "TotalCount": len(page)}).encode()


async def _search_contacts(behaviour: str, request: dict[str, Any]) -> bytes:
    if behaviour == "ending":
        return _only_page(request)
    if behaviour == "slow":
        await asyncio.sleep(UPSTREAM_SECONDS)
    return _page(request["MaxResults"])


class Table:
    """Keep the items of a DynamoDB table in which every condition holds."""

    def __init__(self, *, loses_results: bool) -> None:
        self._items: dict[str, Item] = {}
        self._loses_results = loses_results

    def get(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer GetItem."""
        key = request["Key"]["key"]["S"]
        item = _client() if key.startswith("client ") else self._items.get(key) or _directory(key)
        return {} if item is None else {"Item": {"key": {"S": key}} | item}

    def update(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer UpdateItem."""
        key = request["Key"]["key"]["S"]
        item = _updated(self._items.get(key, {}), request)
        self._keep(key, item)
        return {"Attributes": {"key": {"S": key}} | item}

    def put(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer PutItem."""
        self._keep(request["Item"]["key"]["S"], request["Item"])
        return {}

    def _keep(self, key: str, item: Item) -> None:
        if not (self._loses_results and key.startswith("result ")):
            self._items[key] = item


def _updated(item: Item, request: dict[str, Any]) -> Item:
    """Apply an update expression with a SET clause and an optional REMOVE clause. Return the new item."""
    names, values = request["ExpressionAttributeNames"], request["ExpressionAttributeValues"]

    def evaluate(term: str) -> dict[str, Any]:
        return dict(item.get(names[term], {"N": "0"}) if term.startswith("#") else values[term])

    updated = dict(item)
    assigned, _, removed = request["UpdateExpression"].removeprefix("SET ").partition(" REMOVE ")
    for assignment in assigned.split(", "):
        name, expression = assignment.split(" = ")
        terms = [evaluate(term) for term in expression.split(" + ")]
        updated[names[name]] = terms[0] if len(terms) == 1 else {"N": str(sum(int(term["N"]) for term in terms))}
    for name in filter(None, removed.split(", ")):
        updated.pop(names[name], None)
    return updated


@cache
def _client() -> Item:
    """Return a client with every grant, as operations.registry stores it."""
    texts = {"id": "full", "grant": Grant().model_dump_json(), "revision": "1", "usage_plan": "internal"}
    texts |= {"usage_key": "u" * 43, "usage_key_id": "a1b2c3d4e5", "keys": "[]", "version": "1"}
    numbers = {"by_token": 0, "revoked": 0, "added": 1_700_000_000}
    texts_on_the_wire = {name: {"S": text} for name, text in texts.items()}
    return texts_on_the_wire | {name: {"N": str(number)} for name, number in numbers.items()}


def _directory(key: str) -> Item | None:
    """Return an item of the directory as an environment that has just read it stores it."""
    if key == "directory":
        return {"version": {"S": "canned"}, "parts": {"N": "1"}, "read_at": {"N": str(int(time.time()))}}
    return {"body": {"B": _names()}} if key == "directory canned 0" else None


@cache
def _names() -> str:
    """Return names for the queues and agents of the page, compressed and in base64."""
    names = {
        plural: {id_: f"{plural} {number}" for number, id_ in enumerate(sorted(_ids(member)))}
        for plural, member in (("queues", "QueueInfo"), ("agents", "AgentInfo"))
    }
    return base64.b64encode(zlib.compress(json.dumps(names).encode())).decode()


def _ids(member: str) -> set[str]:
    return {contact[member]["Id"] for contact in contacts() if member in contact}


_MAC = json.dumps(
    {"Mac": base64.b64encode(bytes(32)).decode(), "MacAlgorithm": "HMAC_SHA_256", "KeyId": "cursor-key"}
).encode()


class CannedAws:
    """Answer the calls of AWS that the functions make."""

    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}

    async def answer(self, path: str, target: str, body: bytes) -> tuple[str, bytes]:
        """Return the media type and the body of the response."""
        if path.endswith("/search-contacts"):
            return "application/json", await _search_contacts(path.split("/")[1], json.loads(body))
        if target == "TrentService.GenerateMac":
            return "application/x-amz-json-1.1", _MAC
        table = self._table(path)
        operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "DynamoDB_20120810.GetItem": table.get,
            "DynamoDB_20120810.PutItem": table.put,
            "DynamoDB_20120810.UpdateItem": table.update,
        }
        return "application/x-amz-json-1.0", json.dumps(operations[target](json.loads(body))).encode()

    def _table(self, path: str) -> Table:
        if path not in self._tables:
            self._tables[path] = Table(loses_results=path.startswith("/losing"))
        return self._tables[path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of a connection."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
                if "100-continue" in headers.get("expect", "").lower():
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                path = lines[0].split(" ")[1]
                media_type, answer = await self.answer(path, headers.get("x-amz-target", ""), body)
                head = f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {len(answer)}\r\n\r\n"
                writer.write(head.encode() + answer)
                await writer.drain()
        writer.close()


async def main(folder: Path) -> None:
    _page(100)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    aws = CannedAws()
    servers = [await asyncio.start_server(aws.serve, "127.0.0.1", 0, ssl=security) for security in (None, context)]
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    print(f"http://127.0.0.1:{ports[0]} https://127.0.0.1:{ports[1]}", flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
