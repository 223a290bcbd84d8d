"""The settings of the functions: their environment, validated at their start."""

import os

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """One field a variable, in capitals in the environment."""

    model_config = ConfigDict(frozen=True)

    connect_instance_id: str = Field(min_length=1, max_length=100)
    cursor_key_id: str = Field(min_length=1)
    transient_table_name: str = Field(min_length=1)


def settings_of_environment() -> Settings:
    """Raises pydantic.ValidationError, which names the variable, where one is missing or wrong."""
    return Settings.model_validate({name: os.environ.get(name.upper(), "") for name in Settings.model_fields})
