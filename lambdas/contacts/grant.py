"""What a client may see."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from contacts import members as m

_MIN_ONE = Field(min_length=1)


class Grant(BaseModel):
    """What is None is not limited. Lists have SearchContacts' own limits, as they are sent to it.

    agent_hierarchy_groups  of one level: how Connect joins levels is not documented
    fields                  of contacts, which are neither returned nor searched nor sorted by if they are not named
    attribute_keys          contact attributes that may be searched
    lookback                how far before now a window may begin
    page_limit              contacts that a page may have, whatever `limit` says
    exports                 is for /v1/exports, once that exists
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    queue_ids: Annotated[m.QueueIdList, _MIN_ONE] | None = None
    agent_ids: Annotated[m.AgentResourceIdList, _MIN_ONE] | None = None
    agent_hierarchy_groups: (
        Annotated[
            dict[Literal["L1Ids", "L2Ids", "L3Ids", "L4Ids", "L5Ids"], Annotated[m.HierarchyGroupIdList, _MIN_ONE]],
            Field(min_length=1, max_length=1),
        ]
        | None
    ) = None
    channels: Annotated[m.ChannelList, _MIN_ONE] | None = None
    fields: frozenset[m.ContactField] | None = None
    attribute_keys: frozenset[m.SearchableContactAttributeKey] | None = None
    transcript_search: bool = True
    lookback: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=731))] | None = None
    page_limit: m.MaxResult100 | None = None
    exports: bool = True

    def has_field(self, name: str) -> bool:
        """Whether contacts have this field for the client."""
        return self.fields is None or name == "id" or name in self.fields


@dataclass(frozen=True)
class Caller:
    """A client with its grant; `revision` is another one with every change of that."""

    client: str
    revision: str
    grant: Grant

    @property
    def owner(self) -> str:
        """To whom a search belongs: another client, or another revision, cannot go on with it."""
        return f"{self.client} {self.revision}"
