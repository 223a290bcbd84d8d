"""Load contacts into the stand-in of Amazon Connect: sample contacts, or those of contact records."""

import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

from sandbox.amazon_connect.contact_store import ContactStore
from sandbox.contact_data import sample
from sandbox.contact_data.contact_lens import parse_transcript
from sandbox.contact_data.contact_record import StoredContact, UnusableRecordError, parse_contact_record
from sandbox.contact_data.json_files import BadRecord, list_files, read_records

_T = TypeVar("_T")
_BATCH = 5_000


def load_sample(store: ContactStore, count: int, seed: int, end: datetime, days: int) -> str:
    """Load sample contacts. Return a summary."""
    samples = sample.sample_contacts(count, seed, end, days)
    with _progress("sample contacts", count) as progress:
        while batch := list(islice(samples, _BATCH)):
            store.put(parse_contact_record(contact.record) for contact in batch)
            store.put_transcripts(parse_transcript(contact.analysis) for contact in batch if contact.analysis)
            progress.update(len(batch))
    return f"{count:,} sample contacts of the {days} days up to {end:%Y-%m-%d %H:%M:%S} UTC, seed {seed}"


def find_instance_arn(paths: Iterable[Path]) -> str:
    """Return the instance ARN of the first usable contact record, or the sample's if no record is usable."""
    for file in list_files(paths):
        for record in read_records(file):
            if not isinstance(record, BadRecord):
                try:
                    return parse_contact_record(record.value).instance_arn
                except UnusableRecordError:
                    continue
    return sample.INSTANCE_ARN


def load_records(store: ContactStore, instance_arn: str, records: Iterable[Path], analyses: Iterable[Path]) -> str:
    """Load the contacts of contact records and the transcripts of Contact Lens files. Return a summary."""

    def parse_own_record(value: Any) -> StoredContact:
        contact = parse_contact_record(value)
        if contact.instance_arn != instance_arn:
            raise UnusableRecordError(f"belongs to another instance than {instance_arn}")
        return contact

    bad: list[BadRecord] = []
    store.put(_parse_files(records, parse_own_record, bad, "contact records"))
    unknown = store.put_transcripts(_parse_files(analyses, parse_transcript, bad, "Contact Lens files"))
    [(contacts,)] = store.query("SELECT count(*) FROM contacts", ())
    return f"{contacts:,} contacts of {instance_arn}; {len(bad):,} bad records skipped" + (
        f"; {unknown:,} transcripts of unknown contacts skipped" if unknown else ""
    )


def _parse_files(paths: Iterable[Path], parse: Callable[[Any], _T], bad: list[BadRecord], what: str) -> Iterator[_T]:
    """Yield the parsed records of the files. Print unusable records and add them to `bad`."""
    files = list(list_files(paths))
    with _progress(what, sum(file.stat().st_size for file in files), unit="B", unit_scale=True) as progress:
        for file in files:
            for record in read_records(file):
                skipped = record if isinstance(record, BadRecord) else None
                if not isinstance(record, BadRecord):
                    try:
                        yield parse(record.value)
                    except UnusableRecordError as unusable:
                        skipped = record.bad(str(unusable))
                if skipped is not None:
                    bad.append(skipped)
                    tqdm.write(f"skipped: {skipped}", file=sys.stderr)
            progress.update(file.stat().st_size)


def _progress(what: str, total: int, **options: Any) -> "tqdm[Any]":
    """Create a progress bar on standard error, which appears after one second."""
    return tqdm(desc=f"Loading {what}", total=total, delay=1, leave=False, file=sys.stderr, **options)
