"""The settings of the functions: their environment, validated at their start."""

import os

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """One field a variable, in capitals in the environment.

    A quota_rate of 0 is no limiter, page_seconds of 0 is no page cache.
    """

    model_config = ConfigDict(frozen=True)

    connect_instance_id: str = Field(min_length=1, max_length=100)
    cursor_key_id: str = Field(min_length=1)
    transient_table_name: str = Field(min_length=1)
    quota_rate: float = Field(0.5, ge=0, le=1000)
    quota_burst: int = Field(1, ge=1, le=10_000)
    wait_seconds: float = Field(3, ge=0, le=20)
    page_seconds: int = Field(10, ge=0, le=3600)
    closed_page_seconds: int = Field(300, ge=0, le=3600)
    now_rounded_to_seconds: int = Field(10, ge=1, le=3600)


def settings_of_environment() -> Settings:
    """Raises pydantic.ValidationError, which names the variable, where one is missing or wrong."""
    return Settings.model_validate(
        {name: os.environ[name.upper()] for name in Settings.model_fields if name.upper() in os.environ}
    )
