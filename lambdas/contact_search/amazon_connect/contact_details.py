"""Model what DescribeContact tells about a contact, by the rules of `contact`: some of it is personal data.

Source: botocore's service model. A test compares every member with the installed one.
"""

from pydantic import Field, ValidationError

from contact_search.amazon_connect.contact import (
    NOT_OF_CONNECT,
    AgentInfo,
    AiAgentInfo,
    ConnectModel,
    Contact,
    GlobalResiliencyMetadata,
    QueueInfo,
    RoutingCriteria,
    SegmentAttributeValue,
    Timestamp,
)
from contact_search.amazon_connect.errors import UpstreamError


class AgentHierarchyGroup(ConnectModel):
    arn: str | None = None


class HierarchyGroups(ConnectModel):
    level1: AgentHierarchyGroup | None = None
    level2: AgentHierarchyGroup | None = None
    level3: AgentHierarchyGroup | None = None
    level4: AgentHierarchyGroup | None = None
    level5: AgentHierarchyGroup | None = None


class DeviceInfo(ConnectModel):
    platform_name: str | None = None
    platform_version: str | None = None
    operating_system: str | None = None


class ParticipantCapabilities(ConnectModel):
    video: str | None = None
    screen_share: str | None = None


class StateTransition(ConnectModel):
    state: str | None = None
    state_start_timestamp: Timestamp | None = None
    state_end_timestamp: Timestamp | None = None


class AgentDetails(AgentInfo):
    accepted_by_agent_timestamp: Timestamp | None = None
    preview_end_timestamp: Timestamp | None = None
    agent_pause_duration_in_seconds: int | None = None
    hierarchy_groups: HierarchyGroups | None = None
    device_info: DeviceInfo | None = None
    capabilities: ParticipantCapabilities | None = None
    after_contact_work_duration: int | None = None
    after_contact_work_start_timestamp: Timestamp | None = None
    after_contact_work_end_timestamp: Timestamp | None = None
    agent_initiated_hold_duration: int | None = None
    state_transitions: list[StateTransition] | None = None
    voice_enhancement_mode: str | None = None
    active_region: str | None = None


class WisdomInfo(ConnectModel):
    session_arn: str | None = None
    ai_agents: list[AiAgentInfo] | None = None


class EndpointInfo(ConnectModel):
    type: str | None = None
    address: str | None = None
    display_name: str | None = None


class Customer(ConnectModel):
    device_info: DeviceInfo | None = None
    capabilities: ParticipantCapabilities | None = None


class Campaign(ConnectModel):
    campaign_id: str | None = None


class CustomerVoiceActivity(ConnectModel):
    greeting_start_timestamp: Timestamp | None = None
    greeting_end_timestamp: Timestamp | None = None


class AudioQualityMetricsInfo(ConnectModel):
    quality_score: float | None = None
    potential_quality_issues: list[str] | None = None


class AgentQualityMetrics(ConnectModel):
    audio: AudioQualityMetricsInfo | None = None


class CustomerQualityMetrics(ConnectModel):
    audio: AudioQualityMetricsInfo | None = None


class QualityMetrics(ConnectModel):
    agent: AgentQualityMetrics | None = None
    customer: CustomerQualityMetrics | None = None


class ChatContactMetrics(ConnectModel):
    multi_party: bool | None = None
    total_messages: int | None = None
    total_bot_messages: int | None = None
    total_bot_message_length_in_chars: int | None = None
    conversation_close_time_in_millis: int | None = None
    conversation_turn_count: int | None = None
    agent_first_response_timestamp: Timestamp | None = None
    agent_first_response_time_in_millis: int | None = None


class ParticipantMetrics(ConnectModel):
    participant_id: str | None = None
    participant_type: str | None = None
    conversation_abandon: bool | None = None
    messages_sent: int | None = None
    num_responses: int | None = None
    message_length_in_chars: int | None = None
    total_response_time_in_millis: int | None = None
    max_response_time_in_millis: int | None = None
    last_message_timestamp: Timestamp | None = None


class ChatMetrics(ConnectModel):
    chat_contact_metrics: ChatContactMetrics | None = None
    agent_metrics: ParticipantMetrics | None = None
    customer_metrics: ParticipantMetrics | None = None


class DisconnectDetails(ConnectModel):
    potential_disconnect_issue: str | None = None


class EmailRecipient(ConnectModel):
    address: str | None = None
    display_name: str | None = None


class AdditionalEmailRecipients(ConnectModel):
    to_list: list[EmailRecipient] | None = None
    cc_list: list[EmailRecipient] | None = None


class RecordingInfo(ConnectModel):
    storage_type: str | None = None
    location: str | None = None
    media_stream_type: str | None = None
    participant_type: str | None = None
    fragment_start_number: str | None = None
    fragment_stop_number: str | None = None
    start_timestamp: Timestamp | None = None
    stop_timestamp: Timestamp | None = None
    status: str | None = None
    deletion_reason: str | None = None
    unprocessed_transcript_location: str | None = None


class ContactEvaluation(ConnectModel):
    form_id: str | None = None
    evaluation_arn: str | None = None
    status: str | None = None
    start_timestamp: Timestamp | None = None
    end_timestamp: Timestamp | None = None
    delete_timestamp: Timestamp | None = None
    export_location: str | None = None


class TaskTemplateInfo(ConnectModel):
    arn: str | None = None
    name: str | None = None


class CaseEntry(ConnectModel):
    case_id: str | None = None
    case_reference_number: str | None = None


class TaskDetails(ConnectModel):
    name: str | None = None
    description: str | None = None


class PostAcceptTimeoutConfig(ConnectModel):
    duration_in_seconds: int | None = None


class Preview(ConnectModel):
    post_accept_timeout_config: PostAcceptTimeoutConfig | None = None
    allowed_user_actions: list[str] | None = None


class AgentFirst(ConnectModel):
    preview: Preview | None = None


class OutboundStrategyConfig(ConnectModel):
    agent_first: AgentFirst | None = None


class OutboundStrategy(ConnectModel):
    type: str | None = None
    config: OutboundStrategyConfig | None = None


class QuickConnectContactData(ConnectModel):
    contact_id: str | None = None
    initiation_timestamp: Timestamp | None = None
    quick_connect_id: str | None = None
    quick_connect_name: str | None = None
    quick_connect_type: str | None = None


class NextContactMetadata(ConnectModel):
    quick_connect_contact_data: QuickConnectContactData | None = None


class NextContactEntry(ConnectModel):
    type: str | None = None
    next_contact_metadata: NextContactMetadata | None = None


class ContactLensChannelConfiguration(ConnectModel):
    analytics_modes: list[str] | None = None


class ContactLensRedactionConfiguration(ConnectModel):
    behavior: str | None = None
    policy: str | None = None
    entities: list[str] | None = None
    mask_mode: str | None = None


class ContactLensSummaryConfiguration(ConnectModel):
    summary_modes: list[str] | None = None


class ContactLensSentimentConfiguration(ConnectModel):
    behavior: str | None = None


class ConversationalAnalyticsConfiguration(ConnectModel):
    enabled: bool | None = None
    language_locale: str | None = None
    language_locales: list[str] | None = None
    channel_configuration: ContactLensChannelConfiguration | None = None
    redaction_configuration: ContactLensRedactionConfiguration | None = None
    summary_configuration: ContactLensSummaryConfiguration | None = None
    sentiment_configuration: ContactLensSentimentConfiguration | None = None


class ContactAnalysisReferenceState(ConnectModel):
    status: str | None = None
    status_reason: str | None = None


class ConversationalAnalytics(ConnectModel):
    configuration: ConversationalAnalyticsConfiguration | None = None
    contact_analysis_reference_state: ContactAnalysisReferenceState | None = None


class ContactLens(ConnectModel):
    conversational_analytics: ConversationalAnalytics | None = None


class VoicemailInfo(ConnectModel):
    number_of_voicemails: int | None = None


class ContactDetails(ConnectModel):
    """Everything that DescribeContact tells about a contact.

    `attributes` are those of GetContactAttributes, and `expanded` is a member of our own.
    """

    arn: str | None = None
    id: str | None = None
    initial_contact_id: str | None = None
    previous_contact_id: str | None = None
    contact_association_id: str | None = None
    initiation_method: str | None = None
    name: str | None = None
    description: str | None = None
    channel: str | None = None
    queue_info: QueueInfo | None = None
    agent_info: AgentDetails | None = None
    initiation_timestamp: Timestamp | None = None
    disconnect_timestamp: Timestamp | None = None
    last_update_timestamp: Timestamp | None = None
    last_paused_timestamp: Timestamp | None = None
    last_resumed_timestamp: Timestamp | None = None
    ring_start_timestamp: Timestamp | None = None
    total_pause_count: int | None = None
    total_pause_duration_in_seconds: int | None = None
    scheduled_timestamp: Timestamp | None = None
    related_contact_id: str | None = None
    wisdom_info: WisdomInfo | None = None
    customer_id: str | None = None
    customer_endpoint: EndpointInfo | None = None
    system_endpoint: EndpointInfo | None = None
    queue_time_adjustment_seconds: int | None = None
    queue_priority: int | None = None
    tags: dict[str, str] | None = None
    connected_to_system_timestamp: Timestamp | None = None
    routing_criteria: RoutingCriteria | None = None
    customer: Customer | None = None
    campaign: Campaign | None = None
    answering_machine_detection_status: str | None = None
    customer_voice_activity: CustomerVoiceActivity | None = None
    quality_metrics: QualityMetrics | None = None
    chat_metrics: ChatMetrics | None = None
    disconnect_details: DisconnectDetails | None = None
    additional_email_recipients: AdditionalEmailRecipients | None = None
    segment_attributes: dict[str, SegmentAttributeValue] | None = None
    recordings: list[RecordingInfo] | None = None
    disconnect_reason: str | None = None
    contact_evaluations: dict[str, ContactEvaluation] | None = None
    task_template_info: TaskTemplateInfo | None = None
    cases: list[CaseEntry] | None = None
    contact_details: TaskDetails | None = None
    outbound_strategy: OutboundStrategy | None = None
    attributes: dict[str, str] | None = None
    next_contacts: list[NextContactEntry] | None = None
    global_resiliency_metadata: GlobalResiliencyMetadata | None = None
    contact_lens: ContactLens | None = None
    voicemail_info: VoicemailInfo | None = None
    expanded: bool | None = Field(
        None,
        validation_alias=NOT_OF_CONNECT,
        description="False if the names that `expand` asks for cannot be read at the moment.",
    )


# The fields of a contact.
FIELDS = tuple(name for name in ContactDetails.model_fields if name != "expanded")
# What a search does not return: a client whose fields are limited sees it only if it is named.
AGENT_FIELDS = tuple(name for name in AgentDetails.model_fields if name not in AgentInfo.model_fields)
FIELDS_BEYOND_SEARCH = (
    *(name for name in FIELDS if name not in Contact.model_fields),
    *(f"agent_info.{name}" for name in AGENT_FIELDS),
)


class DescribeContactResponse(ConnectModel):
    contact: ContactDetails


class GetContactAttributesResponse(ConnectModel):
    """The attributes of a contact. The keys of the map are data."""

    attributes: dict[str, str] = Field(default_factory=dict)


def parse_contact(body: bytes) -> ContactDetails:
    """Parse the body of a DescribeContact response, without its attributes.

    Connect may include them, but they are returned only to whoever asks for them and is granted them.

    Raises:
        UpstreamError: The body does not have the shape of the service model.
    """
    try:
        contact = DescribeContactResponse.model_validate_json(body).contact
    except ValidationError:
        raise UpstreamError("ValidationError") from None  # the cause may quote the contact
    return contact.model_copy(update={"attributes": None})


def parse_attributes(body: bytes) -> dict[str, str]:
    """Parse the body of a GetContactAttributes response.

    Raises:
        UpstreamError: The body does not have the shape of the service model.
    """
    try:
        return GetContactAttributesResponse.model_validate_json(body).attributes
    except ValidationError:
        raise UpstreamError("ValidationError") from None  # the cause may quote attributes
