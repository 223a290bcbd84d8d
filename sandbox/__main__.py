"""Run the service on a laptop: API Gateway and the functions in this process, the AWS stand-in in another."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn

from operations.laptop import Laptop, forget_serving, note_serving
from sandbox.clients import FULL_KEY, PARTNER_KEY, add_clients
from sandbox.deployment import create_client, deploy
from sandbox.gateway.api_gateway import ApiGateway
from sandbox.gateway.lambda_function import LambdaFunction, cores
from sandbox.gateway.template import synthesized
from sandbox.gateway.usage_plans import UsagePlans
from sandbox.options import Options, parse_options


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `serve`: uvicorn would raise them again when it ends."""
        yield


async def serve(options: Options, settings: dict[str, str]) -> None:
    """Serve with these settings of the functions until SIGINT or SIGTERM."""
    server: _Server | None = None
    task = asyncio.current_task()

    def end() -> None:
        if server is not None and server.started:
            server.should_exit = True
        elif task is not None:
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end)
    async with _aws() as aws:
        template = await asyncio.to_thread(synthesized)
        stand_in = await _read_message(aws)
        deployed = await asyncio.to_thread(
            deploy, template, stand_in["url"], stand_in["instance_arn"], options.instance, settings
        )
        free_cores = cores()
        functions = {
            # An authorizer answers at once, so two processes are enough. A search may have to wait for a slot.
            # The explorer loads six files at a time. Waiting for one environment is faster than starting six.
            function.name: LambdaFunction(
                function, 2 if function.name in template.authorizers() else 32, free_cores, patience=0.1
            )
            for function in deployed
        }
        try:
            await asyncio.gather(*(function.start() for function in functions.values()))
            stand_in |= await _read_message(aws)
            await asyncio.to_thread(add_clients, stand_in["url"], stand_in["region"], stand_in["queue_ids"])
            usage_plans = UsagePlans(create_client("apigateway", stand_in["url"], stand_in["region"]))
            gateway = ApiGateway(template, functions, usage_plans, options.stage_path)
            config = uvicorn.Config(
                gateway,
                host=options.host,
                port=options.port,
                lifespan="off",
                log_level="warning",
                server_header=False,
                h11_max_incomplete_event_size=1 << 20,  # more than API Gateway's limit, which is checked later
                timeout_graceful_shutdown=5,
            )
            server = _Server(config)
            welcome = asyncio.create_task(_welcome(server, options, stand_in))
            await server.serve()
            welcome.cancel()
        finally:
            forget_serving()
            await asyncio.gather(*(function.stop() for function in functions.values()))


def _settings(options: Options) -> dict[str, str]:
    """Return the functions' settings. Their limiters match the stand-in's quotas, or allow 1,000/s without a quota."""
    settings = {"OIDC_ISSUER": options.oidc_issuer, "OIDC_AUDIENCE": options.oidc_audience}
    settings["EXPORT_SLICE_CONTACTS"] = str(options.part_contacts)
    if options.instance:
        return settings
    rate, describe_rate = options.behaviour.quota, options.behaviour.describe_contact_quota
    return settings | {
        "QUOTA_RATE": str(rate or 1000),
        "QUOTA_BURST": "1" if rate else "1000",
        "DESCRIBE_RATE": str(describe_rate or 1000),
        "DESCRIBE_BURST": "15" if describe_rate else "1000",
    }


def _sign_in_settings(options: Options) -> dict[str, str]:
    """Return the settings of the explorer's sign-in, with the endpoints that the issuer names. Exit if it does not."""
    if not options.oidc_client_id:
        return {}
    from contact_search.access.issuer import discover  # noqa: PLC0415 - cryptography is slow to import

    try:
        issuer = discover(options.oidc_issuer)
        endpoints = {name: issuer[name] for name in ("authorization_endpoint", "token_endpoint")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"The issuer's discovery document cannot be used: {error!r}")
    return {
        "SIGN_IN_ISSUER": options.oidc_issuer,
        "SIGN_IN_CLIENT_ID": options.oidc_client_id,
        "SIGN_IN_AUTHORIZATION_ENDPOINT": endpoints["authorization_endpoint"],
        "SIGN_IN_TOKEN_ENDPOINT": endpoints["token_endpoint"],
        "SIGN_IN_END_SESSION_ENDPOINT": issuer.get("end_session_endpoint", ""),
        "SIGN_IN_SCOPES": options.oidc_scope,
    }


@contextlib.asynccontextmanager
async def _aws() -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the AWS stand-in's process with the command-line options of this one."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sandbox.aws_process",
        *sys.argv[1:],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.stdin:
            process.stdin.close()
        await process.wait()


async def _read_message(aws: asyncio.subprocess.Process) -> dict[str, Any]:
    """Return the next message of the AWS stand-in, or exit if it has ended."""
    assert aws.stdout is not None  # noqa: S101 - it is a pipe
    line = await aws.stdout.readline()
    if not line:
        sys.exit("The AWS stand-in has ended.")
    return dict(json.loads(line))


async def _welcome(server: uvicorn.Server, options: Options, stand_in: dict[str, Any]) -> None:
    """Print the addresses and two example commands when the server has started."""
    while not server.started:
        await asyncio.sleep(0.01)
    [listener] = server.servers[0].sockets  # PORT=0 lets the operating system choose
    url = f"http://{options.host}:{listener.getsockname()[1]}{options.stage_path}"
    note_serving(Laptop(url, stand_in["url"], stand_in["region"]))
    instance = stand_in["instance_arn"]
    print(
        f"Contact search    {url}\n"
        f"AWS stand-in      {stand_in['url']}  (region {stand_in['region']}, instance {instance.rsplit('/')[-1]})\n"
        f"Loaded {stand_in['loaded']}.\n"
        "\n"
        f"Open the first address in a browser, or search from a shell.\n"
        f"As client full, which sees everything:\n"
        f"  curl -H 'x-api-key: {FULL_KEY}' '{url}/v1/contacts?last=P7D&channel=CHAT&expand=queue,agent&limit=2'\n"
        f"As client partner, which sees two queues and no names, tags or segment attributes:\n"
        f"  curl -H 'x-api-key: {PARTNER_KEY}' '{url}/v1/contacts?last=P7D&limit=2'\n"
        "\n"
        "Press Ctrl-C to stop.",
        flush=True,
    )


def main() -> None:
    options = parse_options()
    settings = _settings(options) | _sign_in_settings(options)
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(serve(options, settings))


if __name__ == "__main__":
    main()
