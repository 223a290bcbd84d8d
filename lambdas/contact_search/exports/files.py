"""Keep the files of exports in an S3 bucket."""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from contact_search.exports.errors import FilesUnavailableError
from contact_search.exports.job import Job

T = TypeVar("T")

URL_SECONDS = 900
_MOST_KEYS = 1_000  # of DeleteObjects


class ExportFiles:
    """Write, remove and hand out the files of exports. All methods but `url` raise FilesUnavailableError."""

    def __init__(self, bucket: str, client: Any) -> None:
        self._bucket = bucket
        self._client = client

    def write(self, key: str, content: bytes, digest: bytes) -> None:
        """Write a file. S3 compares its content with the SHA-256 digest."""
        # No Content-Encoding: clients would decompress it, and what they have would not have the digest of the part.
        parameters = {"ContentType": "application/gzip", "ChecksumSHA256": b64encode(digest).decode()}
        self._call(self._client.put_object, Key=key, Body=content, **parameters)

    def remove(self, job: Job, keep: Collection[str] = ()) -> None:
        """Remove the files of an export but those with these keys."""
        self.remove_keys([key for key in self._keys(folder(job.client, job.id)) if key not in keep])

    def remove_all(self, client: str, export_id: str) -> None:
        """Remove the files of an export that may be gone itself."""
        self.remove_keys(self._keys(folder(client, export_id)))

    def remove_keys(self, keys: Sequence[str]) -> None:
        """Remove the files with these keys."""
        for start in range(0, len(keys), _MOST_KEYS):
            objects = [{"Key": key} for key in keys[start : start + _MOST_KEYS]]
            response = self._call(self._client.delete_objects, Delete={"Objects": objects, "Quiet": True})
            for error in response.get("Errors", ()):
                raise FilesUnavailableError(error.get("Code", "Unknown"))

    def url(self, key: str) -> str:
        """Return a URL under which whoever has it can download the file for URL_SECONDS. It must not be stored."""
        url: str = self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=URL_SECONDS
        )
        return url

    def _keys(self, prefix: str) -> list[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate
        found = self._call(lambda **parameters: list(pages(**parameters).search("Contents[].Key")), Prefix=prefix)
        return [key for key in found if key is not None]  # a page without objects

    def _call(self, operation: Callable[..., T], **parameters: Any) -> T:
        try:
            return operation(Bucket=self._bucket, **parameters)
        except ClientError as error:
            raise FilesUnavailableError(error.response["Error"]["Code"]) from error
        except BotoCoreError as error:
            raise FilesUnavailableError(type(error).__name__) from error


def folder(client: str, export_id: str) -> str:
    """Return what the keys of an export's files begin with. It does not show the client's name."""
    return f"exports/{hashlib.sha256(client.encode()).hexdigest()[:32]}/{export_id}/"
