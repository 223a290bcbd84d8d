"""Choose how the stand-in behaves: quotas, delay, and what AWS does not document."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

RETENTION_DAYS = 731  # two years, one of which may be a leap year


@dataclass
class Behaviour:
    """Configure the stand-in. Quotas and delay are off by default, every other default is the likeliest guess.

    Attributes:
        quota: Rate of SearchContacts in calls per second, with a burst of 1. None switches the quota off.
            Connect's own quota is 0.5.
        list_queues_quota: Rate of ListQueues, with a burst of 5 (Connect: 2).
        list_users_quota: Rate of ListUsers, with a burst of 5 (Connect: 2).
        describe_contact_quota: Rate of DescribeContact, with a burst of 15 (Connect: 10).
        get_contact_attributes_quota: Rate of GetContactAttributes, with a burst of 15 (Connect: 10).
        searchable_after: Delay until SearchContacts finds a contact by a timestamp, counted from that timestamp.
            A contact is found by its initiation timestamp this long after it began, and by its disconnect timestamp
            this long after it ended. The scheduled timestamp is known as soon as a contact begins, so there the
            delay counts from the initiation timestamp. The other operations know of a contact at once.
        token_life: Time for which a NextToken is valid.
        token_length: Minimum length of the NextTokens of SearchContacts (the service model allows 100,000 characters).
        at_result_limit: What happens after the 10,000th result: the results "end", or the last of them has a NextToken
            whose use is an "error".
        total_count: Whether a TotalCount above 10,000 is "exact" or "capped" at 10,000.
        window_exception: Exception for a window of more than 8 weeks.
        attributes_in_contact: Whether DescribeContact returns the contact's Attributes. The service model has them
            since May 2025.
    """

    quota: float | None = None
    list_queues_quota: float | None = None
    list_users_quota: float | None = None
    describe_contact_quota: float | None = None
    get_contact_attributes_quota: float | None = None
    searchable_after: timedelta = timedelta(0)
    token_life: timedelta = timedelta(hours=24)
    token_length: int = 0
    at_result_limit: Literal["end", "error"] = "end"
    total_count: Literal["exact", "capped"] = "exact"
    window_exception: Literal["InvalidParameterException", "InvalidRequestException"] = "InvalidParameterException"
    attributes_in_contact: bool = True

    def quota_for(self, operation: str) -> float | None:
        """Return the rate of an operation in calls per second, None for no quota."""
        return {
            "SearchContacts": self.quota,
            "ListQueues": self.list_queues_quota,
            "ListUsers": self.list_users_quota,
            "DescribeContact": self.describe_contact_quota,
            "GetContactAttributes": self.get_contact_attributes_quota,
        }[operation]
