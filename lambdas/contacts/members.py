"""The members of SearchContacts as types, with the constraints of the service model (connect 2017-08-08).

Each type is named after its shape there. Enumerations are accepted in any letter case and become as Connect
spells them. `Moment` and `Duration` are the contract's own spellings of time.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, WithJsonSchema
from pydantic_core import PydanticCustomError

_RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}([Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2}))?", re.ASCII)
_UNESCAPED_PLUS = re.compile(r".+[Tt].+ \d{2}:\d{2}")
_ISO_8601_DURATION = re.compile(r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?", re.ASCII)
_SEVEN_DIGITS_OR_MORE = re.compile(r"(?<=\.\d{6})\d+")
_duration = TypeAdapter(timedelta)


def _moment(value: Any) -> datetime:
    if isinstance(value, str) and _UNESCAPED_PLUS.fullmatch(value):
        raise PydanticCustomError("invalid_time", 'in a URL the "+" of an offset is written %2B')
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        detail = "must be an RFC 3339 date-time with an offset, such as 2026-11-20T09:00:00Z, or a date"
        raise PydanticCustomError("invalid_time", detail)
    try:
        moment = datetime.fromisoformat(_SEVEN_DIGITS_OR_MORE.sub("", value.upper()))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError("invalid_time", "is not a time that exists") from None


def _duration_of(value: Any) -> timedelta:
    if isinstance(value, str) and _ISO_8601_DURATION.fullmatch(value):
        try:
            duration = _duration.validate_python(value)
        except ValueError:  # more digits than a duration can have
            raise PydanticCustomError("out_of_range", "is longer than the 2 years that contacts reach back") from None
        if duration:
            return duration
    raise PydanticCustomError("invalid_duration", "must be an ISO 8601 duration of some length, such as PT24H or P7D")


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _without_repeats(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


AnyCase = BeforeValidator(_upper)
Distinct = AfterValidator(_without_repeats)

Moment = Annotated[datetime, BeforeValidator(_moment)]
Duration = Annotated[timedelta, BeforeValidator(_duration_of), WithJsonSchema({"type": "string", "format": "duration"})]

SearchContactsTimeRangeType = Annotated[
    Literal[
        "INITIATION_TIMESTAMP",
        "SCHEDULED_TIMESTAMP",
        "CONNECTED_TO_AGENT_TIMESTAMP",
        "DISCONNECT_TIMESTAMP",
        "ENQUEUE_TIMESTAMP",
    ],
    AnyCase,
]
SortableFieldName = Literal[
    "INITIATION_TIMESTAMP",
    "SCHEDULED_TIMESTAMP",
    "CONNECTED_TO_AGENT_TIMESTAMP",
    "DISCONNECT_TIMESTAMP",
    "INITIATION_METHOD",
    "CHANNEL",
    "EXPIRY_TIMESTAMP",
]
ParticipantRole = Literal["AGENT", "CUSTOMER", "SYSTEM", "CUSTOM_BOT", "SUPERVISOR"]
Channel = Annotated[Literal["VOICE", "CHAT", "TASK", "EMAIL"], AnyCase]
ContactInitiationMethod = Annotated[
    Literal[
        "INBOUND",
        "OUTBOUND",
        "TRANSFER",
        "QUEUE_TRANSFER",
        "CALLBACK",
        "API",
        "DISCONNECT",
        "MONITOR",
        "EXTERNAL_OUTBOUND",
        "WEBRTC_API",
        "AGENT_REPLY",
        "FLOW",
    ],
    AnyCase,
]
AgentResourceId = Annotated[str, Field(min_length=1, max_length=256)]
AgentResourceIdList = Annotated[list[AgentResourceId], Distinct, Field(max_length=100)]
ChannelList = Annotated[list[Channel], Distinct]
InitiationMethodList = Annotated[list[ContactInitiationMethod], Distinct]
QueueIdList = Annotated[list[str], Distinct, Field(max_length=100)]
HierarchyGroupIdList = Annotated[list[str], Distinct, Field(max_length=10)]
SearchText = Annotated[str, Field(max_length=128)]
SearchTextList = Annotated[list[SearchText], Distinct, Field(max_length=100)]
SearchableContactAttributeKey = Annotated[str, Field(min_length=1, max_length=100)]
SearchableContactAttributeValue = Annotated[str, Field(max_length=100)]
SearchableContactAttributeValueList = Annotated[list[SearchableContactAttributeValue], Distinct, Field(max_length=20)]
SearchableContactAttributesCriteriaList = Annotated[
    dict[SearchableContactAttributeKey, SearchableContactAttributeValueList], Field(max_length=15)
]
MaxResult100 = Annotated[int, Field(ge=1, le=100)]
