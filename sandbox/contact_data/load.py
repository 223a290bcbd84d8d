"""Fills the stand-in of Amazon Connect with contacts: sample ones, or those of contact records."""

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
    """Puts in sample contacts; returns what was loaded."""
    samples = sample.sample_contacts(count, seed, end, days)
    with _progress("sample contacts", count) as progress:
        while batch := list(islice(samples, _BATCH)):
            store.put(parse_contact_record(one.record) for one in batch)
            store.put_transcripts(parse_transcript(one.analysis) for one in batch if one.analysis)
            progress.update(len(batch))
    return f"{count:,} sample contacts of the {days} days up to {end:%Y-%m-%d %H:%M:%S} UTC, seed {seed}"


def instance_of(paths: Iterable[Path]) -> str:
    """The ARN of the instance that the first usable contact record belongs to; the sample instance's if none is."""
    for file in list_files(paths):
        for record in read_records(file):
            if not isinstance(record, BadRecord):
                try:
                    return parse_contact_record(record.value).instance_arn
                except UnusableRecordError:
                    continue
    return sample.INSTANCE_ARN


def load_records(store: ContactStore, instance_arn: str, records: Iterable[Path], analyses: Iterable[Path]) -> str:
    """Puts in the contacts of contact records, and transcripts of Contact Lens files; returns what was loaded."""

    def contact_of_instance(value: Any) -> StoredContact:
        contact = parse_contact_record(value)
        if contact.instance_arn != instance_arn:
            raise UnusableRecordError(f"belongs to another instance than {instance_arn}")
        return contact

    bad: list[BadRecord] = []
    store.put(_each(records, contact_of_instance, bad, "contact records"))
    unknown = store.put_transcripts(_each(analyses, parse_transcript, bad, "Contact Lens files"))
    [(contacts,)] = store.query("SELECT count(*) FROM contacts", ())
    return f"{contacts:,} contacts of {instance_arn}; {len(bad):,} bad records skipped" + (
        f"; {unknown:,} transcripts of unknown contacts skipped" if unknown else ""
    )


def _each(paths: Iterable[Path], read: Callable[[Any], _T], bad: list[BadRecord], what: str) -> Iterator[_T]:
    """What `read` makes of each record; what cannot be used is printed and added to `bad`."""
    files = list(list_files(paths))
    with _progress(what, sum(file.stat().st_size for file in files), unit="B", unit_scale=True) as progress:
        for file in files:
            for record in read_records(file):
                problem = record if isinstance(record, BadRecord) else None
                if not isinstance(record, BadRecord):
                    try:
                        yield read(record.value)
                    except UnusableRecordError as unusable:
                        problem = record.bad(str(unusable))
                if problem is not None:
                    bad.append(problem)
                    tqdm.write(f"skipped: {problem}", file=sys.stderr)
            progress.update(file.stat().st_size)


def _progress(what: str, total: int, **options: Any) -> "tqdm[Any]":
    """A progress bar on standard error for what takes longer than a second."""
    return tqdm(desc=f"Loading {what}", total=total, delay=1, leave=False, file=sys.stderr, **options)
