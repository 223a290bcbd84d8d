"""The AWS stand-in as a process of its own: `python -m sandbox.aws_process` with the options of scripts/serve.

Writes a JSON line to standard output when AWS answers, another when the contacts are in, and ends when its standard
input does: however the process that started it ends, it does not outlive it.
"""

import gc
import json
import signal
import sys
from datetime import UTC, datetime
from typing import Any

from sandbox.amazon_connect.contact_store import ContactStore
from sandbox.aws_server import AwsServer, connect_backend
from sandbox.contact_data.load import instance_of, load_records, load_sample
from sandbox.contact_data.sample import INSTANCE_ARN
from sandbox.lambda_backend import stop_functions
from sandbox.options import Options, options_of


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both processes; the other one ends this one
    options = options_of()
    instance_arn = options.instance or (
        instance_of(options.contact_records) if options.contact_records else INSTANCE_ARN
    )
    connect = connect_backend(instance_arn.split(":")[3])
    connect.behaviour = options.behaviour
    connect.add_instance(instance_arn)
    server = AwsServer(options.host, options.aws_port, options.latency)
    server.start()
    _tell({"url": server.url, "instance_arn": instance_arn, "region": instance_arn.split(":")[3]})
    gc.disable()  # what is loaded stays: to look for garbage meanwhile would be in vain
    loaded = _load(options, connect.contacts, instance_arn)
    _tell({"loaded": loaded, "queue_ids": connect.contacts.queue_ids()})
    gc.freeze()
    gc.enable()
    sys.stdin.read()
    stop_functions()


def _load(options: Options, store: ContactStore, instance_arn: str) -> str:
    if options.instance:
        return f"no contacts: searches go to {options.instance}"
    if options.contact_records:
        return load_records(store, instance_arn, options.contact_records, options.contact_lens)
    return load_sample(store, options.contacts, options.seed, datetime.now(UTC), options.days)


def _tell(news: dict[str, Any]) -> None:
    print(json.dumps(news), flush=True)


if __name__ == "__main__":
    main()
