"""Describe a contact and get its attributes: the members, retention, quotas and errors."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from sandbox.amazon_connect.constraints import operation_model
from sandbox.amazon_connect.models import SearchableConnectBackend
from sandbox.contact_data.contact_record import UnusableRecordError
from tests.sandbox.amazon_connect.conftest import (
    INSTANCE_ARN,
    INSTANCE_ID,
    NOW,
    Clock,
    agent,
    error,
    put,
    queue,
    record,
    to_text,
)

LATER = NOW - timedelta(hours=1)
AUDIO = {"Audio": {"QualityScore": 4.5, "PotentialQualityIssues": ["HighPacketLoss"]}}
DEVICE = {"PlatformName": "Chrome", "PlatformVersion": "120", "OperatingSystem": "Windows"}
SENDING = {"Video": "SEND", "ScreenShare": "SEND"}
ROUTING_STEP = {
    "Expiry": {"DurationInSeconds": 30},
    "Expression": {"AttributeCondition": {"Name": "Language", "Value": "fr", "ProficiencyLevel": 4.0}},
    "Status": "JOINED",
}

# Members that a contact record and DescribeContact have in common, in the record's form.
COMMON: dict[str, Any] = {
    "AdditionalEmailRecipients": {"ToList": [{"Address": "a@example.com", "DisplayName": "A"}], "CcList": []},
    "AnsweringMachineDetectionStatus": "HUMAN_ANSWERED",
    "Campaign": {"CampaignId": "campaign-1"},
    "Cases": [{"CaseId": "case-1", "CaseReferenceNumber": "17"}],
    "Channel": "VOICE",
    "ChatMetrics": {
        "ChatContactMetrics": {"MultiParty": False, "TotalMessages": 7},
        "AgentMetrics": {"ParticipantType": "AGENT", "MessagesSent": 3},
    },
    "ContactAssociationId": "root-1",
    "ContactDetails": {"Name": "A task", "Description": "To do"},
    "ContactEvaluations": {"form-1": {"FormId": "form-1", "EvaluationArn": "arn:evaluation", "Status": "COMPLETE"}},
    "ContactLens": {"ConversationalAnalytics": {"Configuration": {"Enabled": True, "LanguageLocale": "en-GB"}}},
    "Customer": {"DeviceInfo": DEVICE, "Capabilities": SENDING},
    "CustomerEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+441632960001", "DisplayName": "C"},
    "CustomerId": "customer-1",
    "CustomerVoiceActivity": {"GreetingStartTimestamp": LATER, "GreetingEndTimestamp": LATER},
    "Description": "A description",
    "DisconnectDetails": {"PotentialDisconnectIssue": "AGENT_CONNECTIVITY_ISSUE"},
    "DisconnectReason": "CUSTOMER_DISCONNECT",
    "GlobalResiliencyMetadata": {"ActiveRegion": "us-west-2", "OriginRegion": "us-east-1"},
    "InitialContactId": "c-0",
    "InitiationMethod": "INBOUND",
    "Name": "A name",
    "NextContacts": [
        {"Type": "QUICK_CONNECT", "NextContactMetadata": {"QuickConnectContactData": {"ContactId": "c-2"}}}
    ],
    "OutboundStrategy": {"Type": "AGENT_FIRST", "Config": {"AgentFirst": {}}},
    "PreviousContactId": "c-0",
    "QualityMetrics": {"Agent": AUDIO, "Customer": AUDIO},
    "QueuePriority": 5,
    "QueueTimeAdjustmentSeconds": 10,
    "Recordings": [
        {
            "StorageType": "S3",
            "Location": "bucket/connect/recording.wav",
            "MediaStreamType": "AUDIO",
            "ParticipantType": "ALL",
            "FragmentStartNumber": "1",
            "FragmentStopNumber": "2",
            "StartTimestamp": LATER,
            "StopTimestamp": LATER,
            "Status": "DELETED",
            "DeletionReason": "Asked for",
            "UnprocessedTranscriptLocation": "bucket/connect/transcript.json",
        }
    ],
    "RelatedContactId": "c-9",
    "RoutingCriteria": {"Steps": [ROUTING_STEP], "ActivationTimestamp": LATER, "Index": 0},
    "SegmentAttributes": {
        "connect:Subtype": {"ValueString": "connect:Telephony"},
        "Number": {"ValueInteger": 3},
        "List": {"ValueList": [{"ValueString": "x"}]},
        "Map": {"ValueMap": {"key": {"ValueString": "y"}}},
        "Arn": {"ValueArn": "arn:aws:connect"},
    },
    "SystemEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+441632960002"},
    "Tags": {"cost-centre": "4100"},
    "TaskTemplateInfo": {"Arn": "arn:template", "Name": "Template"},
    "TotalPauseCount": 2,
    "TotalPauseDurationInSeconds": 20,
    "VoicemailInfo": {"NumberOfVoicemails": 2},
}
COMMON |= dict.fromkeys(
    (
        *("InitiationTimestamp", "DisconnectTimestamp", "LastUpdateTimestamp", "LastPausedTimestamp"),
        *("LastResumedTimestamp", "RingStartTimestamp", "ScheduledTimestamp", "ConnectedToSystemTimestamp"),
    ),
    LATER,
)
COMMON_AGENT_INFO: dict[str, Any] = {
    "DeviceInfo": DEVICE,
    "Capabilities": SENDING,
    "AfterContactWorkDuration": 30,
    "AgentInitiatedHoldDuration": 9,
    "VoiceEnhancementMode": "NOISE_SUPPRESSION",
    "ActiveRegion": "us-west-2",
}
COMMON_AGENT_INFO |= dict.fromkeys(
    (
        *("AcceptedByAgentTimestamp", "PreviewEndTimestamp", "ConnectedToAgentTimestamp"),
        *("AfterContactWorkStartTimestamp", "AfterContactWorkEndTimestamp"),
    ),
    LATER,
)
AI_AGENT = {"AiUseCase": "SelfService", "AiAgentVersionId": "ai:1", "AiAgentEscalated": True}


def exported(value: Any) -> Any:
    """Write timestamps as contact records have them."""
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, dict):
        return {name: exported(member) for name, member in value.items()}
    return [exported(element) for element in value] if isinstance(value, list) else value


def full_record(contact_id: str) -> dict[str, Any]:
    """Build a record with each member that has a counterpart in DescribeContact."""
    states = {"state": "CONNECTED", "stateStartTimestamp": LATER, "stateEndTimestamp": LATER}
    agent_members = COMMON_AGENT_INFO | {
        "AgentPauseDuration": 4,
        "HierarchyGroups": {
            f"Level{level}": {"ARN": f"{INSTANCE_ARN}/agent-group/g-{level}", "GroupName": "Group"}
            for level in range(1, 6)
        },
        "StateTransitions": [states],
        "CustomerHoldDuration": 11,
        "RoutingProfile": {"ARN": "arn:profile", "Name": "Profile"},
    }
    members = COMMON | {
        "Agent": agent("a-1", "jdoe") | agent_members,
        "AiAgentInfo": [AI_AGENT],
        "Attributes": {"tier": "gold"},
        "Queue": queue("q-1", "Billing") | {"EnqueueTimestamp": LATER, "DequeueTimestamp": LATER, "Duration": 4},
        "WisdomInfo": {"SessionArn": "arn:session"},
        "VoiceIdResult": None,
        "References": [],
        "AWSAccountId": "111122223333",
    }
    return record(contact_id, **exported(members))


def describe(connect: Any, contact_id: str) -> dict[str, Any]:
    return dict(connect.describe_contact(InstanceId=INSTANCE_ID, ContactId=contact_id)["Contact"])


def test_every_member_of_the_model(connect: Any, backend: SearchableConnectBackend) -> None:
    put(backend, full_record("c-1"))
    contact = describe(connect, "c-1")
    assert contact == COMMON | {
        "Arn": f"{INSTANCE_ARN}/contact/c-1",
        "Id": "c-1",
        "QueueInfo": {"Id": "q-1", "EnqueueTimestamp": LATER},
        "AgentInfo": COMMON_AGENT_INFO
        | {
            "Id": "a-1",
            "AgentPauseDurationInSeconds": 4,
            "HierarchyGroups": {
                f"Level{level}": {"Arn": f"{INSTANCE_ARN}/agent-group/g-{level}"} for level in range(1, 6)
            },
            "StateTransitions": [
                {"State": "CONNECTED", "StateStartTimestamp": LATER, "StateEndTimestamp": LATER},
            ],
        },
        "WisdomInfo": {"SessionArn": "arn:session", "AiAgents": [AI_AGENT]},
        "Attributes": {"tier": "gold"},
    }
    model = operation_model("DescribeContact").output_shape.members["Contact"]
    assert set(contact) == set(model.members)
    assert set(contact["AgentInfo"]) == set(model.members["AgentInfo"].members)


def test_a_contact_has_what_its_record_has(connect: Any, backend: SearchableConnectBackend) -> None:
    put(backend, record("c-1", Agent=None, Queue=None, Campaign={"CampaignId": None}, Recordings=[], CustomerId=""))
    assert describe(connect, "c-1") == {
        "Arn": f"{INSTANCE_ARN}/contact/c-1",
        "Id": "c-1",
        "Channel": "VOICE",
        "InitiationMethod": "INBOUND",
        "InitiationTimestamp": NOW - timedelta(days=1),
        "CustomerId": "",  # the model allows an empty string here
    }


def test_a_record_of_the_older_format_has_one_recording(connect: Any, backend: SearchableConnectBackend) -> None:
    recording = {"Location": "bucket/recording.wav", "Status": "AVAILABLE", "Type": "AUDIO", "DeletionReason": None}
    put(backend, record("c-1", Recording=recording))
    expected = {"Location": "bucket/recording.wav", "Status": "AVAILABLE", "MediaStreamType": "AUDIO"}
    assert describe(connect, "c-1")["Recordings"] == [expected]


@pytest.mark.parametrize("method", ["MONITOR", "QUEUE_TRANSFER", "CALLBACK"])
def test_some_contacts_have_no_system_endpoint(connect: Any, backend: SearchableConnectBackend, method: str) -> None:
    put(backend, full_record("c-1") | {"InitiationMethod": method})
    assert "SystemEndpoint" not in describe(connect, "c-1")
    assert "CustomerEndpoint" in describe(connect, "c-1")


def test_a_malformed_detail_does_not_cost_the_contact(connect: Any, backend: SearchableConnectBackend) -> None:
    put(backend, record("c-1", Recordings="none", Campaign=5, CustomerId=["x"], DisconnectReason="EXPIRED"))
    contact = describe(connect, "c-1")
    assert contact["DisconnectReason"] == "EXPIRED"
    assert not contact.keys() & {"Recordings", "Campaign", "CustomerId"}
    with pytest.raises(UnusableRecordError):
        put(backend, record("c-2", RoutingCriteria="none"))


def test_the_latest_copy_of_a_record_is_described(connect: Any, backend: SearchableConnectBackend) -> None:
    old = record("c-1", LastUpdateTimestamp=to_text(LATER), Attributes={"tier": "tin"}, CustomerId="1")
    new = record("c-1", LastUpdateTimestamp=to_text(NOW), Attributes={"tier": "gold"})
    put(backend, old, new, old)
    contact = describe(connect, "c-1")
    assert (contact["LastUpdateTimestamp"], contact["Attributes"]) == (NOW, {"tier": "gold"})
    assert "CustomerId" not in contact


def test_attributes(connect: Any, backend: SearchableConnectBackend) -> None:
    put(backend, record("c-1", Attributes={"tier": "gold", "empty": "", "number": 5}), record("c-2"))
    attributes = {"tier": "gold", "empty": ""}
    assert connect.get_contact_attributes(InstanceId=INSTANCE_ID, InitialContactId="c-1")["Attributes"] == attributes
    assert connect.get_contact_attributes(InstanceId=INSTANCE_ID, InitialContactId="c-2")["Attributes"] == {}
    assert describe(connect, "c-1")["Attributes"] == attributes
    backend.behaviour.attributes_in_contact = False
    assert "Attributes" not in describe(connect, "c-1")
    assert connect.get_contact_attributes(InstanceId=INSTANCE_ID, InitialContactId="c-1")["Attributes"] == attributes


def test_contacts_are_kept_for_two_years(connect: Any, backend: SearchableConnectBackend, clock: Clock) -> None:
    put(backend, record("c-1", timedelta(days=730), Attributes={"tier": "gold"}))
    assert describe(connect, "c-1")["Id"] == "c-1"
    clock.now += timedelta(days=2)
    assert error(connect.describe_contact, ContactId="c-1").code == "ResourceNotFoundException"
    assert error(connect.get_contact_attributes, InitialContactId="c-1").code == "ResourceNotFoundException"


@pytest.mark.parametrize("contact_id", ["unknown", "a/b", "a%2Fb", "x?y=1", "é", " "])
def test_unknown_contacts(connect: Any, contact_id: str) -> None:
    for found in (
        error(connect.describe_contact, ContactId=contact_id),
        error(connect.get_contact_attributes, InitialContactId=contact_id),
    ):
        assert (found.code, found.status) == ("ResourceNotFoundException", 404)
        assert contact_id in found.message


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("describe_contact", {"ContactId": "c" * 257}, "InvalidParameterException"),
        ("describe_contact", {"ContactId": "c", "InstanceId": "nowhere"}, "ResourceNotFoundException"),
        ("describe_contact", {"ContactId": "c", "InstanceId": "i" * 101}, "InvalidParameterException"),
        # GetContactAttributes has no InvalidParameterException in the service model.
        ("get_contact_attributes", {"InitialContactId": "c" * 257}, "InvalidRequestException"),
        ("get_contact_attributes", {"InitialContactId": "c", "InstanceId": "nowhere"}, "ResourceNotFoundException"),
    ],
)
def test_errors(connect: Any, operation: str, request_: dict[str, Any], code: str) -> None:
    assert error(getattr(connect, operation), **request_).code == code


@pytest.mark.parametrize(
    ("operation", "id_member"), [("describe_contact", "ContactId"), ("get_contact_attributes", "InitialContactId")]
)
def test_each_operation_has_a_quota_with_a_burst_of_15(
    connect: Any, backend: SearchableConnectBackend, clock: Clock, operation: str, id_member: str
) -> None:
    put(backend, record("c-1"))
    call, request = getattr(connect, operation), {id_member: "c-1"}
    setattr(backend.behaviour, f"{operation}_quota", 10)
    for _ in range(15):
        call(InstanceId=INSTANCE_ID, **request)
    found = error(call, **request)
    assert (found.code, found.status) == ("ThrottlingException", 429)
    clock.now += timedelta(seconds=0.2)
    for _ in range(2):
        call(InstanceId=INSTANCE_ID, **request)
    assert error(call, **request).code == "ThrottlingException"
    assert backend.quota.requests == 0  # the quota of SearchContacts is not affected
