"""The AWS stand-in as a process of its own: `python -m sandbox.aws_process` with the options of scripts/serve.

Writes a JSON line to standard output when it answers, and ends when its standard input does: however the process that
started it ends, it does not outlive it.
"""

import json
import signal
import sys
from datetime import UTC, datetime

from sandbox.aws_server import AwsServer, connect_backend
from sandbox.contact_data.load import instance_of, load_records, load_sample
from sandbox.contact_data.sample import INSTANCE_ARN
from sandbox.options import Options, options_of


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both processes; the other one ends this one
    options = options_of()
    loaded = _load(options)
    server = AwsServer(options.host, options.aws_port, options.latency)
    server.start()
    print(json.dumps(loaded | {"url": server.url}), flush=True)
    sys.stdin.read()


def _load(options: Options) -> dict[str, str]:
    instance_arn = options.instance or (
        instance_of(options.contact_records) if options.contact_records else INSTANCE_ARN
    )
    connect = connect_backend(instance_arn.split(":")[3])
    connect.behaviour = options.behaviour
    connect.add_instance(instance_arn)
    if options.instance:
        loaded = f"no contacts: searches go to {options.instance}"
    elif options.contact_records:
        loaded = load_records(connect.contacts, instance_arn, options.contact_records, options.contact_lens)
    else:
        loaded = load_sample(connect.contacts, options.contacts, options.seed, datetime.now(UTC).date())
    return {"instance_arn": instance_arn, "loaded": loaded}


if __name__ == "__main__":
    main()
