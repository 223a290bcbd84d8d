"""Run the AWS stand-in in its own process: `python -m sandbox.aws_process` with the options of scripts/serve.

It writes one JSON line to standard output when AWS answers and a second one when the contacts are loaded. It ends when
its standard input is closed, so it never outlives the process that started it.
"""

import gc
import json
import signal
import sys
from datetime import UTC, datetime
from typing import Any

from sandbox.amazon_connect.contact_store import ContactStore
from sandbox.aws_server import AwsServer, connect_backend
from sandbox.contact_data.load import find_instance_arn, load_records, load_sample
from sandbox.contact_data.sample import INSTANCE_ARN
from sandbox.deployment import create_client
from sandbox.lambda_backend import stop_functions
from sandbox.options import Options, parse_options


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both processes; the other one ends this one
    options = parse_options()
    instance_arn = options.instance or (
        find_instance_arn(options.contact_records) if options.contact_records else INSTANCE_ARN
    )
    connect = connect_backend(instance_arn.split(":")[3])
    connect.add_instance(instance_arn)
    server = AwsServer(options.host, options.aws_port, options.latency)
    server.start()
    _write_message({"url": server.url, "instance_arn": instance_arn, "region": instance_arn.split(":")[3]})
    gc.disable()  # loading creates no garbage, so collecting would only take time
    loaded = _load(options, connect.contacts, instance_arn)
    _search_once(server.url, instance_arn)
    connect.behaviour = options.behaviour
    _write_message({"loaded": loaded, "queue_ids": connect.contacts.queue_ids()})
    gc.freeze()
    gc.enable()
    sys.stdin.read()
    stop_functions()


def _search_once(url: str, instance_arn: str) -> None:
    """Send the first search before callers do: moto needs a second for it, which would disturb the quota."""
    now = datetime.now(UTC)
    window = {"Type": "INITIATION_TIMESTAMP", "StartTime": now, "EndTime": now}
    connect = create_client("connect", url, instance_arn.split(":")[3])
    connect.search_contacts(InstanceId=instance_arn.rpartition("/")[2], TimeRange=window)


def _load(options: Options, store: ContactStore, instance_arn: str) -> str:
    """Load the contacts that the options ask for. Return a summary."""
    if options.instance:
        return f"no contacts: searches go to {options.instance}"
    if options.contact_records:
        return load_records(store, instance_arn, options.contact_records, options.contact_lens)
    return load_sample(store, options.contacts, options.seed, datetime.now(UTC), options.days)


def _write_message(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    main()
