"""Define what all models of the API have in common."""

from pydantic import BaseModel, ConfigDict


class Structure(BaseModel):
    """A model of the API. Members that a newer service adds are kept, as attributes without a type."""

    model_config = ConfigDict(extra="allow")
