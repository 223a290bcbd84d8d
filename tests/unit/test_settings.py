"""Test that settings come from the environment, and that an invalid one stops the function at its start."""

import pytest
from pydantic import ValidationError

from contact_search.settings import AuthorizerSettings, SearchSettings

REQUIRED = {
    "CONNECT_INSTANCE_ID": "instance",
    "CURSOR_KEY_IDS": "new old",
    "TRANSIENT_TABLE_NAME": "transient",
    "DURABLE_TABLE_NAME": "durable",
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for settings in (SearchSettings, AuthorizerSettings):
        for name in settings.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)


def test_settings_that_are_not_set_have_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = SearchSettings.from_environment()
    assert settings.cursor_key_ids == ["new", "old"]
    assert (settings.quota_rate, settings.quota_burst, settings.waiting_per_caller) == (0.5, 1, 5)
    monkeypatch.setenv("QUOTA_RATE", "0")
    monkeypatch.setenv("CORS_ORIGINS", "https://a.example https://b.example")
    settings = SearchSettings.from_environment()
    assert settings.quota_rate == 0
    assert settings.cors_origins == ["https://a.example", "https://b.example"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONNECT_INSTANCE_ID", ""),
        ("CURSOR_KEY_IDS", " "),
        ("WAIT_SECONDS", "21"),
        ("WAITING_PER_CALLER", "0"),
        ("SIGN_IN_TOKEN_ENDPOINT", "https://x; img-src *"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=name.lower()):
        SearchSettings.from_environment()


@pytest.mark.parametrize("algorithms", ["HS256", "RS256 none", ""])
def test_tokens_cannot_be_signed_with_a_shared_secret(monkeypatch: pytest.MonkeyPatch, algorithms: str) -> None:
    monkeypatch.setenv("OIDC_ALGORITHMS", algorithms)
    with pytest.raises(ValidationError, match="oidc_algorithms"):
        AuthorizerSettings.from_environment()
