"""Sample contacts: the contact records and Contact Lens files of a made-up contact centre.

The seed alone decides which contacts there are, and what is known of each of them: ids, queues, agents, texts, and
whether it is still in progress. Only their timestamps depend on the moment at which the sample ends.
"""

import random
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, count, islice, pairwise
from typing import Any

from sandbox.contact_data import sample_talk
from sandbox.contact_data.sample_details import sample_details
from sandbox.contact_data.sample_names import usernames

INSTANCE_ARN = "arn:aws:connect:eu-west-2:111122223333:instance/c0ffee00-0000-4000-8000-000000000001"

# How busy each hour of the day is (UTC), and each day of the week from Monday.
_HOURS = (1, 1, 1, 1, 1, 2, 5, 14, 28, 40, 46, 44, 36, 38, 43, 42, 36, 28, 18, 12, 8, 5, 3, 2)
_WEEKDAYS = (120, 108, 100, 98, 94, 46, 30)
_CHANNELS = {"VOICE": 58, "CHAT": 26, "TASK": 9, "EMAIL": 7}
_METHODS = {
    "VOICE": {"INBOUND": 70, "OUTBOUND": 14, "CALLBACK": 9, "EXTERNAL_OUTBOUND": 2, "MONITOR": 1, "WEBRTC_API": 4},
    "CHAT": {"API": 92, "DISCONNECT": 3, "FLOW": 5},
    "TASK": {"API": 55, "FLOW": 45},
    "EMAIL": {"INBOUND": 74, "OUTBOUND": 12, "AGENT_REPLY": 14},
}
_SUBTYPES = {"VOICE": "Telephony", "CHAT": "Chat", "TASK": "Task", "EMAIL": "Email"}
_QUEUES = ("Billing", "Bookings", "Complaints", "Loyalty", "Sales", "Technical support", "Travel changes", "VIP")
_SITES = {"Europe": ("Leeds", "Porto"), "Africa": ("Cape Town",)}
_AGENTS_PER_SITE = 2 * 2 * 5  # departments, teams of each, agents of each
_TIERS = {"bronze": 60, "silver": 28, "gold": 10, "platinum": 2}
_LANGUAGES = {"en": 72, "fr": 12, "pt": 10, "de": 6}
_NAMES = {"TASK": "follow-up", "EMAIL": "enquiry"}
_COST_CENTRES = {queue: f"{4100 + 10 * number}" for number, queue in enumerate(_QUEUES)}
_TRANSFERS = 0.06  # of the calls and chats that an agent took
# Mean seconds from the queue to an agent, and with the agent.
_WAITS = {"VOICE": 75, "CHAT": 40, "TASK": 5_400, "EMAIL": 7_200}
_TALKS = {"VOICE": 330, "CHAT": 900, "TASK": 14_400, "EMAIL": 28_800}
_AI_AGENT = "7d3c0f6e-58a1-4c7e-9d2b-0f4c1a2b3c4d"
_MILLISECOND = timedelta(milliseconds=1)

# Contacts of the last hour, at whatever hour the sample ends. They are less than 50 minutes old, so that a search over
# the last hour still finds all of them when the service has run for ten minutes.
_RECENT = 12
_RECENT_AGE = timedelta(minutes=50)
_OPEN_TASKS = 0.01  # of all tasks and emails: those that are still in progress


@dataclass(frozen=True)
class Agent:
    """An agent, the hierarchy groups above (levels 1 to 4) and the queues it takes contacts from."""

    arn: str
    username: str
    groups: tuple[str, ...]
    queues: frozenset[str]


@dataclass(frozen=True)
class Sample:
    """One contact as Connect would export it: its contact record and, if it was analysed, its Contact Lens file."""

    record: dict[str, Any]
    analysis: dict[str, Any] | None


def sample_contacts(number: int, seed: int, end: datetime, days: int = 90) -> Iterator[Sample]:
    """Make exactly so many contacts that began in the `days` before `end`, in no order."""
    end = end.replace(microsecond=end.microsecond // 1000 * 1000)
    centre, rhythm = _ContactCentre(seed), _Rhythm(end, days)
    recent = min(_RECENT, -(-number // 10))
    samples = (
        sample
        for chain in count()
        for sample in _Chain(centre, random.Random(f"{seed} {chain}")).samples(  # noqa: S311 - it is to be repeatable
            rhythm, is_recent=chain < recent, is_open=chain < recent and chain % 3 == 0
        )
    )
    return islice(samples, number)


class _Rhythm:
    """How contacts spread over the days before `end`: after the busy hours of days and the busy days of weeks."""

    def __init__(self, end: datetime, days: int) -> None:
        self.end, self.length = end, timedelta(days=days)
        start = end - self.length
        hour = start.replace(minute=0, second=0, microsecond=0)
        whole = (hour + timedelta(hours=number) for number in range(1, days * 24 + 1))
        self._edges = [start, *(edge for edge in whole if start < edge < end), end]
        weights = (_HOURS[one.hour] * _WEEKDAYS[one.weekday()] * (two - one) for one, two in pairwise(self._edges))
        self._before = list(accumulate((weight.total_seconds() for weight in weights), initial=0.0))

    def start(self, position: float, span: timedelta) -> datetime:
        """Return the start of what takes `span` and is over by `end`: at position 0 the oldest, at 1 the newest."""
        latest = self.end - span - _MILLISECOND
        wanted = position * self._contacts_before(latest)
        after = max(bisect_left(self._before, wanted), 1)
        busy = self._before[after] - self._before[after - 1]
        part = (wanted - self._before[after - 1]) / busy
        one, two = self._edges[after - 1 : after + 1]
        moment = one + part * (two - one)
        return min(moment.replace(microsecond=moment.microsecond // 1000 * 1000), latest)

    def _contacts_before(self, moment: datetime) -> float:
        after = max(bisect_left(self._edges, moment), 1)
        one, two = self._edges[after - 1 : after + 1]
        return self._before[after - 1] + (moment - one) / (two - one) * (self._before[after] - self._before[after - 1])


class _ContactCentre:
    """The queues and agents."""

    def __init__(self, seed: int) -> None:
        choose = random.Random(f"{seed} contact centre")  # noqa: S311 - it is to be repeatable
        self.queues = {name: _arn("queue", choose) for name in _QUEUES}
        names = iter(usernames(choose, _AGENTS_PER_SITE * sum(map(len, _SITES.values()))))
        agents = [agent for sites in _SITES.values() for agent in _region(sites, names, choose)]
        self.takers = {queue: [agent for agent in agents if queue in agent.queues] for queue in _QUEUES}


def _region(sites: tuple[str, ...], names: Iterator[str], choose: random.Random) -> Iterator[Agent]:
    """Regions have sites, these departments, these teams, and a team has five agents."""
    region = _arn("agent-group", choose)
    for _ in sites:
        site = _arn("agent-group", choose)
        for _ in range(2):
            department = _arn("agent-group", choose)
            for _ in range(2):
                team = _arn("agent-group", choose)
                for _ in range(5):
                    queues = frozenset(choose.sample(_QUEUES, 3))
                    yield Agent(_arn("agent", choose), next(names), (region, site, department, team), queues)


@dataclass(frozen=True)
class _Contact:
    """What happens in a contact. Times are counted from the moment at which its chain begins."""

    id: str
    method: str
    queue: str
    agent: Agent
    begins: timedelta
    scheduled: timedelta | None
    queued: timedelta | None
    connected: timedelta | None
    ends: timedelta


class _Chain:
    """A contact and those that it is transferred to, all drawn from one source of chance.

    Nothing is drawn from it that depends on the time: when the chain begins is its last word.
    """

    def __init__(self, centre: _ContactCentre, choose: random.Random) -> None:
        self._centre, self._choose = centre, choose
        self._channel = _weighted(_CHANNELS, choose)
        self._attributes = {
            "customer_tier": _weighted(_TIERS, choose),
            "language": _weighted(_LANGUAGES, choose),
            "booking_reference": f"MT{choose.randrange(10**6):06}",
        }
        self._contacts = list(self._planned())

    def samples(self, rhythm: _Rhythm, *, is_recent: bool, is_open: bool) -> Iterator[Sample]:
        """Make the contacts that have begun when the sample ends, with what has happened in them by then.

        A chain that is recent or open has an age that does not depend on the time, all others have ended: so it is
        always the same that is known of it.
        """
        choose, span = self._choose, self._contacts[-1].ends
        position = choose.random()
        is_open |= self._channel in _NAMES and choose.random() < _OPEN_TASKS
        longest = _RECENT_AGE if is_recent else rhythm.length
        if is_open or span + _MILLISECOND >= longest:
            age = position * min(span, longest)
        elif is_recent:
            age = span + position * (longest - span)
        else:
            age = rhythm.end - rhythm.start(position, span)
        age = max(age // _MILLISECOND, 1) * _MILLISECOND
        previous: str | None = None
        for contact in self._contacts:
            if contact.begins < age:
                first = self._contacts[0].id if previous else None
                yield self._sample(
                    contact, rhythm.end - age, age, {"InitialContactId": first, "PreviousContactId": previous}
                )
                previous = contact.id

    def _planned(self) -> Iterator[_Contact]:
        choose = self._choose
        method, queue = _weighted(_METHODS[self._channel], choose), choose.choice(_QUEUES)
        begins = timedelta(0)
        while True:
            contact = self._plan(begins, method, queue)
            yield contact
            is_transferred = choose.random() < _TRANSFERS
            if self._channel in _NAMES or contact.connected is None or not is_transferred:
                return
            begins = contact.ends
            method, queue = choose.choice(("TRANSFER", "QUEUE_TRANSFER")), choose.choice(_QUEUES)

    def _plan(self, begins: timedelta, method: str, queue: str) -> _Contact:
        choose, channel = self._choose, self._channel
        scheduled = None
        if channel == "TASK" and choose.random() < 0.4:
            scheduled = begins + timedelta(minutes=choose.randrange(30, 6 * 24 * 60))
        ready = scheduled or begins
        queued = None if method in ("OUTBOUND", "EXTERNAL_OUTBOUND", "MONITOR") else ready + self._seconds(20)
        is_abandoned = queued is not None and choose.random() < 0.08
        connected = None if is_abandoned else (queued or ready) + self._seconds(_WAITS[channel])
        ends = (connected or queued or ready) + self._seconds(_TALKS[channel])
        agent = choose.choice(self._centre.takers[queue])
        return _Contact(_id(choose), method, queue, agent, begins, scheduled, queued, connected, ends)

    def _sample(self, contact: _Contact, start: datetime, age: timedelta, links: dict[str, str | None]) -> Sample:
        choose, channel, queue = self._choose, self._channel, contact.queue

        def past(moment: timedelta | None) -> str | None:
            """The time of what has happened when the sample ends; None for what has not."""
            return _text(start + moment) if moment is not None and moment < age else None

        agent = contact.agent if past(contact.connected) else None
        routed, status = choose.random() < 0.1, choose.choice(("JOINED", "EXPIRED"))
        name = f"{queue} {_NAMES[channel]} for {self._attributes['booking_reference']}" if channel in _NAMES else None
        expires = contact.scheduled or contact.begins
        record: dict[str, Any] = {
            "AWSAccountId": "111122223333",
            "AWSContactTraceRecordFormatVersion": "2017-03-10",
            "Agent": agent and _agent(agent, past(contact.connected)),
            "Attributes": self._attributes,
            "Channel": channel,
            "ContactId": contact.id,
            "DisconnectTimestamp": past(contact.ends),
            **links,
            "InitiationMethod": contact.method,
            "InitiationTimestamp": _text(start + contact.begins),
            "InstanceARN": INSTANCE_ARN,
            "LastUpdateTimestamp": past(contact.ends) or _text(start + age),
            "Name": name,
            "Queue": {"ARN": self._centre.queues[queue], "EnqueueTimestamp": past(contact.queued), "Name": queue}
            if past(contact.queued)
            else None,
            "RoutingCriteria": _routing(agent, start + contact.queued, status)
            if agent and contact.queued and routed
            else None,
            "ScheduledTimestamp": _text(start + contact.scheduled) if contact.scheduled else None,
            "ExpiryTimestamp": _text(start + expires + timedelta(days=7)) if channel == "TASK" else None,
            "SegmentAttributes": {"connect:Subtype": {"ValueString": f"connect:{_SUBTYPES[channel]}"}},
            "Tags": {"aws:connect:instanceId": INSTANCE_ARN.rsplit("/", 1)[-1], "cost-centre": _COST_CENTRES[queue]},
        }
        if channel not in _NAMES and choose.random() < 0.15:
            version = f"{_AI_AGENT}:{choose.randrange(1, 4)}"
            escalated = choose.random() < 0.3
            use_case = "AgentAssistance" if contact.connected else "SelfService"
            record["AiAgentInfo"] = [
                {"AiAgentVersionId": version, "AiAgentEscalated": escalated, "AiUseCase": use_case}
            ]
        record |= sample_details(record)
        is_analysed = agent and record["DisconnectTimestamp"] and channel not in _NAMES and choose.random() < 0.7
        return Sample(record, _analysis(contact.id, channel, queue, choose) if is_analysed else None)

    def _seconds(self, mean: float) -> timedelta:
        return timedelta(milliseconds=round(self._choose.expovariate(1 / mean) * 1000))


def _agent(agent: Agent, connected: str | None) -> dict[str, Any]:
    groups = {f"Level{level}": {"ARN": group} for level, group in enumerate(agent.groups, start=1)}
    return {
        "ARN": agent.arn,
        "Username": agent.username,
        "ConnectedToAgentTimestamp": connected,
        "HierarchyGroups": groups,
    }


def _routing(agent: Agent, queued: datetime, status: str) -> dict[str, Any]:
    """The contact was offered to this agent first, for half a minute."""
    agents = {"AgentsCriteria": {"AgentIds": [agent.arn.rsplit("/", 1)[-1]]}}
    step = {
        "Expiry": {"DurationInSeconds": 30, "ExpiryTimestamp": _text(queued + timedelta(seconds=30))},
        "Expression": {"AttributeCondition": {"ComparisonOperator": "Match", "MatchCriteria": agents}},
        "Status": status,
    }
    return {"ActivationTimestamp": _text(queued), "Index": 0, "Steps": [step]}


def _analysis(contact_id: str, channel: str, queue: str, choose: random.Random) -> dict[str, Any]:
    turns = sample_talk.conversation(choose, channel, queue, supervised=choose.random() < 0.03)
    roles = dict.fromkeys(role for role, _ in turns)
    return {
        "Version": "1.1.0",
        "Channel": channel,
        "CustomerMetadata": {"ContactId": contact_id},
        "Participants": [{"ParticipantId": role, "ParticipantRole": role} for role in roles],
        "Transcript": [{"ParticipantId": role, "Content": text} for role, text in turns],
    }


def _weighted(weights: Mapping[str, int], choose: random.Random) -> str:
    left = choose.random() * sum(weights.values())
    for name, weight in weights.items():
        left -= weight
        if left < 0:
            return name
    return name


def _arn(resource: str, choose: random.Random) -> str:
    return f"{INSTANCE_ARN}/{resource}/{_id(choose)}"


def _id(choose: random.Random) -> str:
    digits = f"{choose.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
