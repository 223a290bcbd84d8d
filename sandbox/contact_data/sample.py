"""Sample contacts: the contact records and Contact Lens files of a made-up contact centre.

The same seed and day give the same contacts. They end with the day before, so that each of them has really begun.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, islice
from typing import Any

from sandbox.contact_data import sample_talk

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
_FIRST_NAMES = ("ada", "ben", "chloe", "dev", "elif", "femi", "grace", "hugo", "ines", "jo", "kofi", "lena")
_LAST_NAMES = ("adams", "costa", "dlamini", "okoye", "taylor")
_SITES = {"Europe": ("Leeds", "Porto"), "Africa": ("Cape Town",)}
_TIERS = {"bronze": 60, "silver": 28, "gold": 10, "platinum": 2}
_LANGUAGES = {"en": 72, "fr": 12, "pt": 10, "de": 6}
_NAMES = {"TASK": "follow-up", "EMAIL": "enquiry"}
_COST_CENTRES = {queue: f"{4100 + 10 * number}" for number, queue in enumerate(_QUEUES)}
_TRANSFERS = 0.06  # of all contacts
# Mean seconds from the queue to an agent, and with the agent.
_WAITS = {"VOICE": 75, "CHAT": 40, "TASK": 5_400, "EMAIL": 7_200}
_TALKS = {"VOICE": 330, "CHAT": 900, "TASK": 14_400, "EMAIL": 28_800}
_AI_AGENT = "7d3c0f6e-58a1-4c7e-9d2b-0f4c1a2b3c4d"


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


def sample_contacts(count: int, seed: int, today: date, days: int = 90) -> Iterator[Sample]:
    """Exactly so many contacts over so many days before `today`."""
    choose = random.Random(f"{seed} {today}")  # noqa: S311 - it is to be repeatable
    centre = _ContactCentre(choose, _midnight(today))
    left = count
    for start in _starts(round(count / (1 + _TRANSFERS)), today, days, choose):
        for sample in islice(centre.chain(start), left):
            left -= 1
            yield sample
    for start in _starts(left, today, days, choose):  # chance made fewer transfers than expected
        yield next(centre.chain(start))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _starts(count: int, today: date, days: int, choose: random.Random) -> list[datetime]:
    """When contacts begin, in order, after the rhythm of days and hours."""
    first = _midnight(today) - timedelta(days=days)
    hours = [first + timedelta(hours=hour) for hour in range(days * 24)]
    weights = list(accumulate(_HOURS[hour.hour] * _WEEKDAYS[hour.weekday()] for hour in hours))
    chosen = choose.choices(hours, cum_weights=weights, k=count)
    return sorted(hour + timedelta(milliseconds=choose.randrange(3_600_000)) for hour in chosen)


class _ContactCentre:
    """Queues, agents and customers, all drawn from one source of chance. What happens after `end` is not known yet."""

    def __init__(self, choose: random.Random, end: datetime) -> None:
        self._choose, self._end = choose, end
        self._queues = {name: self._arn("queue") for name in _QUEUES}
        self._usernames = (f"{first}.{last}" for last in _LAST_NAMES for first in _FIRST_NAMES)
        self._agents = [agent for sites in _SITES.values() for agent in self._region(sites)]
        self._takers = {queue: [agent for agent in self._agents if queue in agent.queues] for queue in _QUEUES}

    def chain(self, start: datetime) -> Iterator[Sample]:
        """A contact that begins then, and those it is transferred to."""
        channel, queue = self._weighted(_CHANNELS), self._choose.choice(_QUEUES)
        attributes = {
            "customer_tier": self._weighted(_TIERS),
            "language": self._weighted(_LANGUAGES),
            "booking_reference": f"MT{self._choose.randrange(10**6):06}",
        }
        method = self._weighted(_METHODS[channel])
        first: str | None = None
        previous: str | None = None
        while True:
            sample = self._contact(start, channel, method, queue, attributes)
            sample.record.update({"InitialContactId": first, "PreviousContactId": previous})
            yield sample
            ended, agent = sample.record["DisconnectTimestamp"], sample.record["Agent"]
            if channel not in ("VOICE", "CHAT") or not (ended and agent) or self._choose.random() > _TRANSFERS:
                return
            previous = sample.record["ContactId"]
            first = first or previous
            start = datetime.fromisoformat(ended)
            method, queue = self._choose.choice(("TRANSFER", "QUEUE_TRANSFER")), self._choose.choice(_QUEUES)

    def _contact(self, start: datetime, channel: str, method: str, queue: str, attributes: dict[str, str]) -> Sample:
        choose = self._choose
        begun = start
        scheduled = None
        if channel == "TASK" and choose.random() < 0.4:
            begun = scheduled = start + timedelta(minutes=choose.randrange(30, 6 * 24 * 60))
        queued = None if method in ("OUTBOUND", "EXTERNAL_OUTBOUND", "MONITOR") else begun + self._seconds(20)
        abandoned = queued is not None and choose.random() < 0.08
        connected = None if abandoned else (queued or begun) + self._seconds(_WAITS[channel])
        ended = (connected or queued or begun) + self._seconds(_TALKS[channel])
        agent = choose.choice(self._takers[queue]) if self._past(connected) else None
        contact_id = self._id()
        name = f"{queue} {_NAMES[channel]} for {attributes['booking_reference']}" if channel in _NAMES else None
        record: dict[str, Any] = {
            "AWSAccountId": "111122223333",
            "AWSContactTraceRecordFormatVersion": "2017-03-10",
            "Agent": agent and self._agent(agent, connected),
            "Attributes": attributes,
            "Channel": channel,
            "ContactId": contact_id,
            "DisconnectTimestamp": self._past(ended),
            "InitiationMethod": method,
            "InitiationTimestamp": _text(start),
            "InstanceARN": INSTANCE_ARN,
            "LastUpdateTimestamp": self._past(ended) or _text(self._end),
            "Name": name,
            "Queue": {"ARN": self._queues[queue], "EnqueueTimestamp": _text(queued), "Name": queue}
            if queued and self._past(queued)
            else None,
            "RoutingCriteria": self._routing(agent, queued) if agent and queued and choose.random() < 0.1 else None,
            "ScheduledTimestamp": _text(scheduled) if scheduled else None,
            "ExpiryTimestamp": _text(begun + timedelta(days=7)) if channel == "TASK" else None,
            "SegmentAttributes": {"connect:Subtype": {"ValueString": f"connect:{_SUBTYPES[channel]}"}},
            "Tags": {"aws:connect:instanceId": INSTANCE_ARN.rsplit("/", 1)[-1], "cost-centre": _COST_CENTRES[queue]},
        }
        if channel in ("VOICE", "CHAT") and choose.random() < 0.15:
            version = f"{_AI_AGENT}:{choose.randrange(1, 4)}"
            escalated = choose.random() < 0.3
            use_case = "SelfService" if abandoned else "AgentAssistance"
            record["AiAgentInfo"] = [
                {"AiAgentVersionId": version, "AiAgentEscalated": escalated, "AiUseCase": use_case}
            ]
        analysed = agent and record["DisconnectTimestamp"] and channel in ("VOICE", "CHAT") and choose.random() < 0.7
        return Sample(record, self._analysis(contact_id, channel, queue) if analysed else None)

    def _agent(self, agent: Agent, connected: datetime | None) -> dict[str, Any]:
        groups = {f"Level{level}": {"ARN": group} for level, group in enumerate(agent.groups, start=1)}
        connected_at = self._past(connected)
        return {
            "ARN": agent.arn,
            "ConnectedToAgentTimestamp": connected_at,
            "HierarchyGroups": groups,
            "Username": agent.username,
        }

    def _routing(self, agent: Agent, queued: datetime) -> dict[str, Any]:
        """The contact was offered to this agent first, for half a minute."""
        agents = {"AgentsCriteria": {"AgentIds": [agent.arn.rsplit("/", 1)[-1]]}}
        step = {
            "Expiry": {"DurationInSeconds": 30, "ExpiryTimestamp": _text(queued + timedelta(seconds=30))},
            "Expression": {"AttributeCondition": {"ComparisonOperator": "Match", "MatchCriteria": agents}},
            "Status": self._choose.choice(("JOINED", "EXPIRED")),
        }
        return {"ActivationTimestamp": _text(queued), "Index": 0, "Steps": [step]}

    def _analysis(self, contact_id: str, channel: str, queue: str) -> dict[str, Any]:
        turns = sample_talk.conversation(self._choose, channel, queue, supervised=self._choose.random() < 0.03)
        return {
            "Version": "1.1.0",
            "Channel": channel,
            "CustomerMetadata": {"ContactId": contact_id},
            "Participants": [{"ParticipantId": role, "ParticipantRole": role} for role in {role for role, _ in turns}],
            "Transcript": [{"ParticipantId": role, "Content": text} for role, text in turns],
        }

    def _region(self, sites: tuple[str, ...]) -> Iterator[Agent]:
        """Regions have sites, these departments, these teams, and a team has five agents."""
        region = self._arn("agent-group")
        for _ in sites:
            site = self._arn("agent-group")
            for _ in range(2):
                department = self._arn("agent-group")
                for _ in range(2):
                    team = self._arn("agent-group")
                    for _ in range(5):
                        queues = frozenset(self._choose.sample(_QUEUES, 3))
                        yield Agent(self._arn("agent"), next(self._usernames), (region, site, department, team), queues)

    def _past(self, moment: datetime | None) -> str | None:
        return _text(moment) if moment and moment < self._end else None

    def _seconds(self, mean: float) -> timedelta:
        return timedelta(milliseconds=round(self._choose.expovariate(1 / mean) * 1000))

    def _weighted(self, weights: Mapping[str, int]) -> str:
        left = self._choose.random() * sum(weights.values())
        for name, weight in weights.items():
            left -= weight
            if left < 0:
                return name
        return name

    def _arn(self, resource: str) -> str:
        return f"{INSTANCE_ARN}/{resource}/{self._id()}"

    def _id(self) -> str:
        digits = f"{self._choose.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
