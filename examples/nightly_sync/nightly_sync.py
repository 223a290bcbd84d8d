"""Keep the finished contacts of Amazon Connect in a SQLite file: run it each night, or whenever you like.

    CONTACT_SEARCH_API_KEY=sandbox-partner python nightly_sync.py http://127.0.0.1:8080 contacts.sqlite

Contacts and position are written in one transaction a page. So it can be killed at any time, and goes on where it was.
"""

import os
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta

from contact_search_client import ContactSearch, CursorError, Page

FIRST_DAYS = 30  # how far back the first run goes
SCHEMA = """
create table if not exists contacts (id text primary key, channel text, queue text, ended_at text, contact text);
create table if not exists position (
    id integer primary key check (id = 1), cursor text, start text, complete_until text
);
"""


def main(url: str, path: str) -> None:
    """Read what is new, up to now."""
    with closing(sqlite3.connect(path)) as database:
        database.executescript(SCHEMA)
        with ContactSearch(url, api_key=os.environ["CONTACT_SEARCH_API_KEY"]) as api:
            try:
                synchronize(api, database)
            except (
                CursorError
            ):  # 30 days without a run, or another grant: some contacts come again, and replace themselves
                with database:
                    database.execute("update position set cursor = null, start = complete_until")
                synchronize(api, database)
        [count] = database.execute("select count(*) from contacts").fetchone()
        [complete_until] = database.execute("select complete_until from position").fetchone()
        print(f"{count} contacts, complete until {complete_until}")


def synchronize(api: ContactSearch, database: sqlite3.Connection) -> None:
    """Store pages until there is nothing more for now."""
    month_ago = (datetime.now(UTC) - timedelta(days=FIRST_DAYS)).isoformat(timespec="seconds")
    cursor, start = database.execute("select cursor, start from position").fetchone() or (None, month_ago)
    pages = api.follow(
        from_=start, time_field="DISCONNECT_TIMESTAMP", cursor=cursor, expand="queue", limit=100, until_caught_up=True
    )
    for page in pages:
        store(database, page, start)


def store(database: sqlite3.Connection, page: Page, start: str) -> None:
    """Write a page and the position after it, or neither."""
    rows = [
        (
            contact.id,
            contact.channel,
            contact.queue_info and contact.queue_info.name,
            contact.disconnect_timestamp and contact.disconnect_timestamp.isoformat(),
            contact.model_dump_json(exclude_unset=True),
        )
        for contact in page.contacts
    ]
    complete_until = page.complete_until and page.complete_until.isoformat()
    with database:
        database.executemany("insert or replace into contacts values (?, ?, ?, ?, ?)", rows)
        database.execute(
            "insert or replace into position values (1, ?, ?, ?)", (page.next_cursor, start, complete_until)
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
