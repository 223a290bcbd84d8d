"""The members of SearchContacts as types, with the constraints of the service model (connect 2017-08-08).

Each type is named after its shape there. Enumerations are accepted in any letter case and become as Connect
spells them. `Moment` and `Duration` are the contract's own spellings of time.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, WithJsonSchema
from pydantic_core import PydanticCustomError

from contacts.contact import Contact

_RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}([Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2}))?", re.ASCII)
_UNESCAPED_PLUS = re.compile(r".+[Tt].+ \d{2}:\d{2}")
_ISO_8601_DURATION = re.compile(r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?", re.ASCII)
_SEVEN_DIGITS_OR_MORE = re.compile(r"(?<=\.\d{6})\d+")
CONTACT_FIELDS = list(Contact.model_fields)
_NOT_TEXT = re.compile("[\x00\ud800-\udfff\ufffd]")
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


def _text(value: str) -> str:
    if _NOT_TEXT.search(value):
        raise PydanticCustomError("invalid_characters", "has a NUL byte or is not valid Unicode")
    return value


def _contact_field(value: Any) -> Any:
    if value not in CONTACT_FIELDS:
        detail = f"must be a contact field: {', '.join(CONTACT_FIELDS)}"
        raise PydanticCustomError("unknown_value", "{detail}", {"detail": detail})
    return value


def _ai_use_case(value: Any) -> Any:
    return {"agentassistance": "AgentAssistance", "selfservice": "SelfService"}.get(str(value).lower(), value)


AnyCase = BeforeValidator(_upper)
IsText = AfterValidator(_text)
Text = Annotated[str, IsText]

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
SortableFieldName = Annotated[
    Literal[
        "INITIATION_TIMESTAMP",
        "SCHEDULED_TIMESTAMP",
        "CONNECTED_TO_AGENT_TIMESTAMP",
        "DISCONNECT_TIMESTAMP",
        "INITIATION_METHOD",
        "CHANNEL",
        "EXPIRY_TIMESTAMP",
    ],
    AnyCase,
]
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
AiUseCase = Annotated[Literal["AgentAssistance", "SelfService"], BeforeValidator(_ai_use_case)]

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
Cursor = Annotated[str, Field(min_length=1)]
ContactField = Annotated[
    str, BeforeValidator(_contact_field), WithJsonSchema({"type": "string", "enum": CONTACT_FIELDS})
]
MaxResult100 = Annotated[int, Field(strict=True, ge=1, le=100)]
MaxItems = Annotated[int, Field(strict=True, ge=1, le=10**15)]
