"""Send a parameter of every style through the generated client, and print the total."""

import json
import sys
from typing import Any


def main(base_url: str, key: str) -> None:
    from client import Client  # type: ignore[import-not-found]  # noqa: PLC0415 - generated
    from client.api.contacts import list_contacts  # type: ignore[import-not-found]  # noqa: PLC0415
    from client.models import (  # type: ignore[import-not-found]  # noqa: PLC0415
        ListContactsAttribute,
        ListContactsChannelItem,
        ListContactsExpandItem,
    )

    page: Any = list_contacts.sync(
        client=Client(base_url=base_url, headers={"x-api-key": key}),
        last="P60D",
        # This generator does not support deepObject: its keys are the names of parameters.
        attribute=ListContactsAttribute.from_dict({"attribute[customer_tier]": "gold"}),
        channel=[ListContactsChannelItem.VOICE, ListContactsChannelItem.CHAT],
        queue=["Billing", "Sales"],
        expand=[ListContactsExpandItem.QUEUE, ListContactsExpandItem.AGENT],
        limit=1,
    )
    print(json.dumps({"total": page.total.value, "queue": page.contacts[0].queue_info.name}))


if __name__ == "__main__":
    main(*sys.argv[1:])
