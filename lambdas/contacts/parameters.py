"""The query parameters of GET /v1/contacts."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from contacts import members as m
from contacts.contact import Contact
from contacts.fault import Fault, InvalidSearchError, fault_of
from contacts.search import Search
from contacts.window import AskedWindow

DEFAULT_LIMIT = 50
LONGEST_GET = 8_192
LONGEST_CURSOR = 2_000

_SORT_FIELDS = [field.lower() for field in get_args(m.SortableFieldName)]
_NOT_TEXT = re.compile("[\x00\ud800-\udfff\ufffd]")


def _digits(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,18}", value):
        raise PydanticCustomError("not_an_integer", "must be an integer")
    return value


def _sort(value: str) -> str:
    if value.removeprefix("-").lower() not in _SORT_FIELDS:
        detail = f'must be one of {", ".join(_SORT_FIELDS)}, after a "-" for descending'
        raise PydanticCustomError("unknown_value", "{detail}", {"detail": detail})
    return value.upper()


def _contact_field(value: str) -> str:
    if value not in Contact.model_fields:
        detail = f"must be a list of contact fields: {', '.join(Contact.model_fields)}"
        raise PydanticCustomError("unknown_value", "{detail}", {"detail": detail})
    return value


_Digits = BeforeValidator(_digits)
_Match = Annotated[Literal["any", "all"], BeforeValidator(str.lower)]


class Parameters(BaseModel):
    """One field a parameter; where the names differ, the alias is the parameter's."""

    model_config = ConfigDict(extra="forbid")

    from_: m.Moment | None = Field(None, alias="from")
    to: m.Moment | None = None
    last: m.Duration | None = None
    time_field: m.SearchContactsTimeRangeType = "INITIATION_TIMESTAMP"
    channel: m.ChannelList = []
    queue_id: m.QueueIdList = []
    agent_id: m.AgentResourceIdList = []
    initiation_method: m.InitiationMethodList = []
    agent_hierarchy_l1_id: m.HierarchyGroupIdList = []
    agent_hierarchy_l2_id: m.HierarchyGroupIdList = []
    agent_hierarchy_l3_id: m.HierarchyGroupIdList = []
    agent_hierarchy_l4_id: m.HierarchyGroupIdList = []
    agent_hierarchy_l5_id: m.HierarchyGroupIdList = []
    transcript: m.SearchTextList = []
    transcript_agent: m.SearchTextList = Field([], alias="transcript.agent")
    transcript_customer: m.SearchTextList = Field([], alias="transcript.customer")
    transcript_system: m.SearchTextList = Field([], alias="transcript.system")
    transcript_custom_bot: m.SearchTextList = Field([], alias="transcript.custom_bot")
    transcript_supervisor: m.SearchTextList = Field([], alias="transcript.supervisor")
    transcript_match: _Match | None = None
    attributes: m.SearchableContactAttributesCriteriaList = Field({}, alias="attribute.")
    attribute_match: _Match | None = None
    sort: Annotated[str, BeforeValidator(_sort)] | None = None
    limit: Annotated[m.MaxResult100, _Digits] = DEFAULT_LIMIT
    max_items: Annotated[int, _Digits, Field(ge=1)] | None = None
    cursor: str | None = None
    fields: list[Annotated[str, BeforeValidator(_contact_field)]] = []


_FIELDS = {field.alias or name: field for name, field in Parameters.model_fields.items()}
_PREFIXES = [name for name in _FIELDS if name.endswith(".")]
_KNOWN = [f"{name}KEY" if name in _PREFIXES else name for name in _FIELDS]


def search_of(query: Mapping[str, Sequence[str]], now: datetime) -> Search:
    """The search that these query parameters mean.

    `query` has the decoded values of each parameter. Raises InvalidSearchError with every fault at once.
    """
    faults: list[Fault] = []
    given = _gather(query, faults)
    parameters = _validate(given, faults)
    window = AskedWindow(parameters.from_, parameters.to, parameters.last)
    faults.extend(_conflicts(query))
    if "cursor" not in query and (window.start or window.last) and not (window.start and window.last):
        faults.extend(window.faults(now))
    if (fault := _too_long_for_a_cursor(query)) is not None:
        faults.append(fault)
    if faults:
        raise InvalidSearchError(faults)
    return Search(
        time_field=parameters.time_field,
        window=window,
        asked_at=now,
        criteria=_criteria(parameters),
        sort=_sort_of(parameters),
        limit=parameters.limit,
        max_items=parameters.max_items,
        cursor=parameters.cursor,
        fields=frozenset(parameters.fields),
    )


def kind_of(name: str) -> str:
    """The parameter's name as it may be logged: without the KEY of `attribute.KEY`, which may be personal data."""
    return next((f"{prefix}KEY" for prefix in _PREFIXES if name.startswith(prefix)), name)


def _gather(query: Mapping[str, Sequence[str]], faults: list[Fault]) -> dict[str, Any]:
    """The values by alias: one, or a list with comma lists split, or for a prefix such as `attribute.` a dict of lists.

    What cannot even be gathered is added to `faults` and left out.
    """
    given: dict[str, Any] = {}
    for name, texts in query.items():
        prefix = next((prefix for prefix in _PREFIXES if name.startswith(prefix)), "")
        alias = prefix or name
        if alias not in _FIELDS or name == prefix:
            faults.append(Fault(name, "unknown", f"is not a parameter{_nearest(name)}"))
            continue
        several = bool(prefix) or _FIELDS[alias].default == []
        values = list(texts) if not several or _is_free_text(name) else _split(texts)
        if any(not value.strip() for value in values):
            faults.append(Fault(name, "empty", "must not be empty, nor have an empty element"))
        elif any(_NOT_TEXT.search(value) for value in values):
            faults.append(Fault(name, "invalid_characters", "has a NUL byte or is not valid UTF-8"))
        elif not several and len(values) > 1:
            faults.append(Fault(name, "repeated", "may be given only once"))
        elif prefix:
            given.setdefault(prefix, {})[name.removeprefix(prefix)] = values
        else:
            given[name] = values if several else values[0]
    return given


def _validate(given: dict[str, Any], faults: list[Fault]) -> Parameters:
    """The parameters; those with a fault, which is added to `faults`, are as if they had not been given."""
    try:
        return Parameters.model_validate(given)
    except ValidationError as invalid:
        bad = set()
        for error in invalid.errors(include_url=False, include_context=False, include_input=False):
            alias, *rest = map(str, error["loc"])
            bad.add(alias)
            name = alias + (rest[0] if rest else "*") if alias in _PREFIXES else alias
            fault = fault_of(error, name)
            if fault not in faults:
                faults.append(fault)
        return Parameters.model_validate({name: value for name, value in given.items() if name not in bad})


def _conflicts(query: Mapping[str, Any]) -> Iterator[Fault]:
    """Faults of parameters that are fine alone, told from those that were given at all."""
    transcripts = [name for name in query if name.startswith("transcript.")]
    if "last" in query and ("from" in query or "to" in query):
        yield Fault("last", "conflict", "stands in place of `from` and `to`, not beside them")
    elif "last" not in query and "from" not in query:
        yield Fault("from", "required", "is required, or `last` in its place")
    if "transcript" in query and transcripts:
        yield Fault("transcript", "conflict", f"means every participant, so it cannot stand beside {transcripts[0]}")
    if "transcript_match" in query and not transcripts and "transcript" not in query:
        yield Fault("transcript_match", "conflict", "says how to match a transcript, and none is searched for")
    if "attribute_match" in query and not any(name.startswith("attribute.") for name in query):
        yield Fault("attribute_match", "conflict", "says how to match attribute.KEY, and none is searched for")


def _too_long_for_a_cursor(query: Mapping[str, Sequence[str]]) -> Fault | None:
    """API Gateway takes 10,240 characters of request line and headers: a first page must leave room for the next."""
    pairs = [(name, value) for name, values in query.items() if name != "cursor" for value in values]
    encoded = {name: len(urlencode([(name, value)], errors="surrogatepass")) + 1 for name, value in pairs}
    length = len("/v1/contacts?cursor=") + LONGEST_CURSOR + len(urlencode(pairs, errors="surrogatepass")) + 1
    if length <= LONGEST_GET:
        return None
    longest = max(encoded, key=lambda name: sum(encoded[name] for other, _ in pairs if other == name))
    detail = f"the URL leaves no room for a cursor within {LONGEST_GET} characters; use POST /v1/contacts/search"
    return Fault(longest, "too_long", detail)


def _criteria(parameters: Parameters) -> dict[str, Any]:
    """SearchCriteria, with those members alone that were asked for."""
    p = parameters
    hierarchy = {
        "L1Ids": p.agent_hierarchy_l1_id,
        "L2Ids": p.agent_hierarchy_l2_id,
        "L3Ids": p.agent_hierarchy_l3_id,
        "L4Ids": p.agent_hierarchy_l4_id,
        "L5Ids": p.agent_hierarchy_l5_id,
    }
    transcript = _transcript(parameters)
    attributes = [{"Key": key, "Values": values} for key, values in p.attributes.items()]
    criteria = {
        "AgentIds": p.agent_id,
        "AgentHierarchyGroups": {level: ids for level, ids in hierarchy.items() if ids},
        "Channels": p.channel,
        "ContactAnalysis": {"Transcript": transcript} if transcript else {},
        "InitiationMethods": p.initiation_method,
        "QueueIds": p.queue_id,
        "SearchableContactAttributes": attributes
        and {"Criteria": attributes, "MatchType": _match(p.attribute_match or "all")},
    }
    return {member: value for member, value in criteria.items() if value}


def _transcript(parameters: Parameters) -> dict[str, Any] | None:
    """The texts, said by whichever participant, or by the one asked for."""
    said = {
        "AGENT": parameters.transcript_agent,
        "CUSTOMER": parameters.transcript_customer,
        "SYSTEM": parameters.transcript_system,
        "CUSTOM_BOT": parameters.transcript_custom_bot,
        "SUPERVISOR": parameters.transcript_supervisor,
    }
    within = between = _match(parameters.transcript_match or "any")
    if parameters.transcript:
        said = dict.fromkeys(said, parameters.transcript)
        between = _match("any")
    criteria = [
        {"ParticipantRole": role, "SearchText": texts, "MatchType": within} for role, texts in said.items() if texts
    ]
    return {"Criteria": criteria, "MatchType": between} if criteria else None


def _sort_of(parameters: Parameters) -> dict[str, str]:
    by_window = parameters.time_field if parameters.time_field.lower() in _SORT_FIELDS else "INITIATION_TIMESTAMP"
    sort = parameters.sort or f"-{by_window}"
    return {
        "FieldName": sort.removeprefix("-"),
        "Order": "DESCENDING" if sort.startswith("-") else "ASCENDING",
    }


def _match(word: str) -> str:
    return f"MATCH_{word.upper()}"


def _split(texts: Sequence[str]) -> list[str]:
    return [element.strip() for text in texts for element in text.split(",")]


def _is_free_text(name: str) -> bool:
    """Whether a comma is a part of its value rather than between two values."""
    return name == "transcript" or name.startswith(("transcript.", "attribute."))


def _nearest(name: str) -> str:
    nearest = get_close_matches(name, _KNOWN, n=1, cutoff=0.5)
    return f"; did you mean `{nearest[0]}`?" if nearest else ""
