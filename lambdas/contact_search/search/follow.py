"""Follow a search: a walk without an end, which returns contacts as they come about.

The walk stays behind now by the time that Connect may take to learn of a contact. So no contact can appear before the
place that the walk has reached, provided that Connect knew of it in time. The place up to which a walk can go, its
horizon, moves in steps: followers who ask within the same step have equal calls, and share their results.
"""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from contact_search.amazon_connect.connect import AmazonConnect, Patience, Result
from contact_search.amazon_connect.contact import SearchContactsResponse
from contact_search.search.cursor import CursorCodec
from contact_search.search.model import Search
from contact_search.search.position import Position
from contact_search.search.walk import Page, Progress, Walk, fetch_result, write_cursor
from contact_search.search.window import Window, round_down

_TICK = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Horizon:
    """The time up to which a walk can go.

    Attributes:
        now: The current time, which is not rounded.
        step: The seconds in which the horizon moves.
        settle: How far it is behind now, in full seconds.
    """

    now: datetime
    step: int
    settle: timedelta

    @property
    def end(self) -> datetime:
        """The latest timestamp of a contact that can be returned now."""
        return round_down(self.now, self.step) - self.settle

    def seconds_until(self, moment: datetime) -> int:
        """Return after how many seconds the horizon reaches this moment; 0 if it has."""
        if moment <= self.end:
            return 0
        settled = (moment + self.settle).timestamp()
        step_start = datetime.fromtimestamp(math.ceil(settled / self.step) * self.step, UTC)
        return max(math.ceil((step_start - self.now).total_seconds()), 1)


def fetch_followed_page(
    search: Search, connect: AmazonConnect, cursors: CursorCodec, patience: Patience, horizon: Horizon
) -> Page:
    """Fetch the page at the search's cursor, or the first page, without a call if there can be nothing new.

    Raises:
        InvalidCursorError: The cursor is not one of this search.
        CursorExpiredError: The cursor is too old, or the walk cannot do without the NextToken that is lost.
        ConnectError: Connect returned no result.
        StorageUnavailableError: The cursor cannot be read or written without its key or its stored part.
    """
    walk = _resume(search, cursors, horizon)
    if not walk.position.next_token:
        if horizon.seconds_until(walk.position.window.start):
            return _empty_page(walk, cursors, horizon)
        walk = _extend(walk, horizon)
    # A cached result of the same window that was read with a shorter settle, or none, may lack contacts.
    patience = replace(patience, cache_scope=f"settle {horizon.settle}")
    walk, result = fetch_result(walk, connect, patience)
    page = walk.page(result.response)
    is_stuck = page.next_walk is None and page.end.position.results_left <= 0
    next_walk = page.next_walk or (_pass_timestamp(page.end) if is_stuck else _pass_window(page.end))
    progress = _progress(next_walk, horizon)
    if progress.poll_after:
        result = replace(result, lifetime=min(result.lifetime, progress.poll_after))
    total, _ = walk.total(result.response)
    return Page(page.contacts, total, True, write_cursor(next_walk, cursors), result, is_stuck, progress=progress)


def _resume(search: Search, cursors: CursorCodec, horizon: Horizon) -> Walk:
    if search.cursor:
        position = cursors.read(search.identity, search.cursor, can_resume=True)
        return Walk.resume(search, position, horizon.end)
    start = search.window.at(search.requested_at).start
    return Walk(search, Position(search.requested_at, None, Window(start, start)), horizon.end)


def _extend(walk: Walk, horizon: Horizon) -> Walk:
    """Let an upstream search that begins here go as far as it can by now."""
    position = walk.position
    window = Window(position.window.start, horizon.end).eight_weeks_from(position.window.start, descending=False)
    return replace(walk, position=replace(position, window=window))


def _empty_page(walk: Walk, cursors: CursorCodec, horizon: Horizon) -> Page:
    """Return a page without asking Connect: the walk waits for the horizon."""
    progress = _progress(walk, horizon)
    response = SearchContactsResponse.model_construct(contacts=[], next_token=None, total_count=None)
    result = Result(response, min(progress.poll_after or 0, horizon.step), None, "hit; detail=asked-early")
    total = walk.position.matches_before
    return Page([], total, True, write_cursor(walk, cursors), result, progress=progress)


def _pass_window(end: Walk) -> Walk:
    """Wait beyond the window, which ends at the horizon."""
    return _wait_at(end, end.position.window.end + _TICK)


def _pass_timestamp(end: Walk) -> Walk:
    """Go on beyond a second with more contacts than Connect returns: botocore may send full seconds only."""
    last_timestamp = end.position.last_timestamp or end.position.window.start
    return _wait_at(end, last_timestamp.replace(microsecond=0) + _SECOND)


def _wait_at(walk: Walk, start: datetime) -> Walk:
    return walk.begin_beyond(Window(start, start))


def _progress(next_walk: Walk, horizon: Horizon) -> Progress:
    position = next_walk.position
    begin = max(position.window.start, position.last_timestamp or position.window.start)
    waits = 0 if position.next_token else horizon.seconds_until(position.window.start)
    return Progress(begin - _TICK, waits or None)
