"""Test that changes of botocore's model of SearchContacts and of a contact are found."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from maintenance.botocore_growth import changes, main, members

Model = dict[str, Any]


@pytest.fixture(scope="module")
def model() -> Model:
    loaded: Model = Loader().load_service_model("connect", "service-2")
    return loaded


def lines(model: Model) -> list[str]:
    return members(ServiceModel(model, "connect"))


def add_member(shape: str) -> Callable[[Model], None]:
    return lambda model: model["shapes"][shape]["members"].update(Invented={"shape": "String"})


def test_all_members_are_listed(model: Model) -> None:
    listed = lines(model)
    assert "SearchContacts request.MaxResults: integer max=100 min=1" in listed
    assert any(line.startswith("SearchContacts response.Contacts[].QueueInfo.EnqueueTimestamp: ") for line in listed)
    assert any(line.startswith("DescribeContact response.Contact.Channel: string enum=VOICE,") for line in listed)
    assert len(set(listed)) == len(listed)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        pytest.param(
            add_member("SearchCriteria"), ["+ SearchContacts request.SearchCriteria.Invented: string"], id="criterion"
        ),
        pytest.param(
            add_member("ContactSearchSummary"),
            ["+ SearchContacts response.Contacts[].Invented: string"],
            id="member of a page's contact",
        ),
        pytest.param(
            add_member("Contact"), ["+ DescribeContact response.Contact.Invented: string"], id="member of a contact"
        ),
        pytest.param(
            lambda model: model["shapes"]["QueueIdList"].update(max=101),
            [
                "- SearchContacts request.SearchCriteria.QueueIds: list max=100 min=0",
                "+ SearchContacts request.SearchCriteria.QueueIds: list max=101 min=0",
            ],
            id="limit",
        ),
    ],
)
def test_changes_are_found(model: Model, change: Callable[[Model], None], found: list[str]) -> None:
    newer = copy.deepcopy(model)
    change(newer)
    assert changes(lines(model), lines(newer)) == found


def test_a_new_value_of_an_enumeration_is_found(model: Model) -> None:
    newer = copy.deepcopy(model)
    newer["shapes"]["Channel"]["enum"].append("FAX")
    changed = changes(lines(model), lines(newer))
    assert {line[0] for line in changed} == {"+", "-"}
    assert any(line.startswith("+ SearchContacts request.SearchCriteria.Channels[]: ") for line in changed)
    assert all("FAX" in line for line in changed if line.startswith("+"))


def test_the_command_fails_if_there_are_changes(
    model: Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tmp_path / "before.txt"
    before.write_text("\n".join(lines(model)))
    assert main(["--since", str(before)]) == 0
    before.write_text("\n".join(lines(model)[1:]))
    assert main(["--since", str(before)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == f"+ {lines(model)[0]}"
