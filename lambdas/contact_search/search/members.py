"""Define the members of SearchContacts as types, with the constraints of the service model (connect 2017-08-08).

Each type has the name of its shape there. Enumerations are accepted in any letter case and become what Connect spells.
The types at the end are of this API alone.
"""

import math
import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema

from contact_search.amazon_connect.contact import Contact
from contact_search.search.faults import invalid_value
from contact_search.search.window import Duration

CONTACT_FIELDS = tuple(Contact.model_fields)

_RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}([Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2}))?", re.ASCII)
_LONGEST_SETTLE = timedelta(days=1)
_DATE_LENGTH = len("2026-11-20")
_UNESCAPED_PLUS = re.compile(r".+[Tt].+ \d{2}:\d{2}")
_BEYOND_MICROSECONDS = re.compile(r"(?<=\.\d{6})\d+")
_ISO_8601_DURATION = re.compile(
    r"P(?=.)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_NOT_TEXT = re.compile("[\x00\ud800-\udfff\ufffd]")


def _parse_start(value: Any) -> datetime:
    return _parse_time(value, time.min)


def _parse_end(value: Any) -> datetime:
    return _parse_time(value, time.max)


def _parse_time(value: Any, time_of_date: time) -> datetime:
    """Parse an RFC 3339 date-time, or a date, which means this time of that day in UTC."""
    if isinstance(value, str) and _UNESCAPED_PLUS.fullmatch(value):
        raise invalid_value("invalid_time", 'must have the "+" of its offset written as %2B in a URL')
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        detail = "must be an RFC 3339 date-time with an offset, such as 2026-11-20T09:00:00Z, or a date"
        raise invalid_value("invalid_time", detail)
    try:
        if len(value) == _DATE_LENGTH:
            return datetime.combine(date.fromisoformat(value), time_of_date, UTC)
        return datetime.fromisoformat(_BEYOND_MICROSECONDS.sub("", value.upper())).astimezone(UTC)
    except (ValueError, OverflowError):
        raise invalid_value("invalid_time", "is not a time that exists") from None


def _parse_last(value: Any) -> Duration:
    duration = _parse_duration(value)
    if duration == Duration(months=0):
        raise invalid_value("invalid_duration", "must be longer than zero")
    return duration


def _parse_settle(value: Any) -> timedelta:
    """Parse a duration from zero to a day. Round it up to seconds: windows end at seconds."""
    duration = _parse_duration(value)
    if duration.months or duration.rest > _LONGEST_SETTLE:
        raise invalid_value("out_of_range", "must be P1D or shorter")
    return timedelta(seconds=math.ceil(duration.rest.total_seconds()))


def _parse_duration(value: Any) -> Duration:
    match = _ISO_8601_DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise invalid_value("invalid_duration", "must be an ISO 8601 duration, such as PT24H or P7D")
    try:
        seconds = float(match["seconds"] or 0)
        years, months, weeks, days, hours, minutes = (int(digits or 0) for digits in match.groups()[:6])
        rest = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except (ValueError, OverflowError):  # more digits than Python converts or a timedelta holds
        raise invalid_value("out_of_range", "is longer than the 2 years that Amazon Connect keeps contacts") from None
    return Duration(12 * years + months, rest)


def _parse_integer(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,15}", value):
        raise invalid_value("not_an_integer", "must be an integer")
    return int(value)


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _check_text(value: str) -> str:
    if _NOT_TEXT.search(value):
        raise invalid_value("invalid_characters", "has a NUL character or is not valid Unicode")
    return value


def _check_contact_field(value: Any) -> str:
    if isinstance(value, str) and value in CONTACT_FIELDS:
        return value
    raise invalid_value("unknown_value", f"must be a field of a contact: {', '.join(CONTACT_FIELDS)}")


def _check_grantable_field(value: Any) -> str:
    if isinstance(value, str) and value in CONTACT_FIELDS:
        return value
    from contact_search.amazon_connect.contact_details import FIELDS_BEYOND_SEARCH  # noqa: PLC0415 - seldom granted

    if isinstance(value, str) and value in FIELDS_BEYOND_SEARCH:
        return value
    names = ", ".join((*CONTACT_FIELDS, *FIELDS_BEYOND_SEARCH))
    raise invalid_value("unknown_value", f"must be a field of a contact: {names}")


def _spell_ai_use_case(value: Any) -> Any:
    return {"agentassistance": "AgentAssistance", "selfservice": "SelfService"}.get(str(value).lower(), value)


AnyCase = BeforeValidator(_upper)
# An integer as a query string writes it.
IntegerText = BeforeValidator(_parse_integer)
IsText = AfterValidator(_check_text)
Text = Annotated[str, IsText]

_TimeField = Literal[
    "INITIATION_TIMESTAMP",
    "SCHEDULED_TIMESTAMP",
    "CONNECTED_TO_AGENT_TIMESTAMP",
    "DISCONNECT_TIMESTAMP",
    "ENQUEUE_TIMESTAMP",
]
_SortField = Literal[
    "INITIATION_TIMESTAMP",
    "SCHEDULED_TIMESTAMP",
    "CONNECTED_TO_AGENT_TIMESTAMP",
    "DISCONNECT_TIMESTAMP",
    "INITIATION_METHOD",
    "CHANNEL",
    "EXPIRY_TIMESTAMP",
]
TIME_FIELDS: tuple[str, ...] = get_args(_TimeField)
SORT_FIELDS: tuple[str, ...] = get_args(_SortField)

SearchContactsTimeRangeType = Annotated[_TimeField, AnyCase]
SortableFieldName = Annotated[_SortField, AnyCase]
SortOrder = Annotated[Literal["ASCENDING", "DESCENDING"], AnyCase]
SearchContactsMatchType = Annotated[Literal["MATCH_ALL", "MATCH_ANY", "MATCH_EXACT", "MATCH_NONE"], AnyCase]
SearchContactsTimeRangeConditionType = Annotated[Literal["NOT_EXISTS"], AnyCase]
ParticipantRole = Annotated[Literal["AGENT", "CUSTOMER", "SYSTEM", "CUSTOM_BOT", "SUPERVISOR"], AnyCase]
Channel = Annotated[Literal["VOICE", "CHAT", "TASK", "EMAIL"], AnyCase]
ChannelList = list[Channel]
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
InitiationMethodList = list[ContactInitiationMethod]
AiUseCase = Annotated[Literal["AgentAssistance", "SelfService"], BeforeValidator(_spell_ai_use_case)]

AgentResourceId = Annotated[str, Field(min_length=1, max_length=256), IsText]
AgentResourceIdList = Annotated[list[AgentResourceId], Field(max_length=100)]
QueueIdList = Annotated[list[Text], Field(max_length=100)]
HierarchyGroupIdList = Annotated[list[Text], Field(max_length=10)]
RegionName = Annotated[str, Field(pattern=r"^(?:[a-z]{2}(-[a-z]+){1,2}(-[0-9])?)$")]
ActiveRegionList = list[RegionName]
SearchText = Annotated[str, Field(max_length=128), IsText]
SearchTextList = Annotated[list[SearchText], Field(max_length=100)]
SearchableContactAttributeKey = Annotated[str, Field(min_length=1, max_length=100), IsText]
SearchableContactAttributeValue = Annotated[str, Field(max_length=100), IsText]
SearchableContactAttributeValueList = Annotated[list[SearchableContactAttributeValue], Field(max_length=20)]
SearchableSegmentAttributeKey = Annotated[str, Field(min_length=1, max_length=64), IsText]
SearchableSegmentAttributeValue = Annotated[str, Field(max_length=128), IsText]
SearchableSegmentAttributeValueList = Annotated[
    list[SearchableSegmentAttributeValue], Field(min_length=1, max_length=20)
]
_AI_AGENT_ID = (
    r"[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}(:[A-Z0-9_$]+){0,1}$"
    r"|^arn:[a-z-]*?:wisdom:[a-z0-9-]*?:[0-9]{12}:[a-z-]*?"
    r"/[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}"
    r"(?:/[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}){0,2}(:[A-Z0-9_$]+){0,1}"
)
AiAgentId = Annotated[str, Field(max_length=128, pattern=rf"^(?:{_AI_AGENT_ID})$")]
AiAgentVersionNumber = Annotated[int, Field(strict=True, ge=-(2**31), lt=2**31)]
Boolean = Annotated[bool, Field(strict=True)]
MaxResult100 = Annotated[int, Field(strict=True, ge=1, le=100)]

_DATE_TIME = WithJsonSchema(
    {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}
)
# A date as a start is the first moment of that day, as an end its last.
StartTime = Annotated[datetime, PlainValidator(_parse_start), _DATE_TIME]
EndTime = Annotated[datetime, PlainValidator(_parse_end), _DATE_TIME]
Last = Annotated[Duration, PlainValidator(_parse_last), WithJsonSchema({"type": "string", "format": "duration"})]
ContactField = Annotated[
    str, PlainValidator(_check_contact_field), WithJsonSchema({"type": "string", "enum": list(CONTACT_FIELDS)})
]
Settle = Annotated[timedelta, PlainValidator(_parse_settle), WithJsonSchema({"type": "string", "format": "duration"})]
# A field that a search returns, or one of those that only one contact has.
GrantableField = Annotated[str, PlainValidator(_check_grantable_field)]
Cursor = Annotated[str, Field(min_length=1)]
# The longest name of a queue or user has 127 characters. There are as many names as QueueIds and AgentIds may have.
NameList = Annotated[list[Annotated[str, Field(max_length=127), IsText]], Field(max_length=100)]
Expansion = Annotated[Literal["queue", "agent"], BeforeValidator(_lower)]
ExportFormat = Annotated[Literal["ndjson", "csv"], BeforeValidator(_lower)]
ContactExpansion = Annotated[Literal["queue", "agent", "attributes"], BeforeValidator(_lower)]
# MaxResult100, and 0 to count.
Limit = Annotated[int, Field(strict=True, ge=0, le=100)]
MaxItems = Annotated[int, Field(strict=True, ge=1, le=10**15)]
