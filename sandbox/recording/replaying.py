"""Replays a recording: sends its requests to the real providers again, and waits for their callbacks."""

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from sandbox import __version__
from sandbox.core.clock import utc_now
from sandbox.core.seeded_random import make_token
from sandbox.providers.registry import Registry
from sandbox.recording.limits import Limits
from sandbox.recording.masking import SALT_LENGTH, Masker
from sandbox.recording.real_values import read_credentials, read_recipients, read_senders
from sandbox.recording.recorder import Recorder
from sandbox.recording.replay import Replayer, Timing
from sandbox.recording.server import CALLBACKS, RecordOptions, make_routes, make_runner, summary
from sandbox.recording.session import RecordedExchange, SessionHeader, SessionWriter
from sandbox.recording.session_reader import read_session
from sandbox.server.logs import LogLine, format_text
from sandbox.server.runner import open_port


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """The options of `record --replay`: real values for stand-ins as written, and how long to wait for callbacks."""

    session: Path
    credential: tuple[str, ...] = ()
    recipient: tuple[str, ...] = ()
    recipients: Path | None = None
    sender: tuple[str, ...] = ()
    keeps_pace: bool = False
    wait: float = 0.0


async def replay(
    options: RecordOptions,
    values: ReplayOptions,
    packs: Registry,
    *,
    show: Callable[[str], None],
    write_log: Callable[[str], None],
) -> bool:
    """Replay a session; return whether the provider answered any request. SIGINT and SIGTERM stop it.

    Without `budget`, no message is sent. Callbacks are taken only if the options wait for them.

    Raises:
        SandboxError: an option is wrong, the session cannot be read, or the new one cannot be written.

    """
    routes = make_routes(options, packs)
    credentials = read_credentials(values.credential, packs, routes)
    numbers, senders = read_recipients(values.recipient, values.recipients), read_senders(values.sender)
    session = read_session(values.session)
    recorded = sum(isinstance(each, RecordedExchange) and each.provider in routes for each in session.entries)
    session = read_session(values.session)
    limits = Limits(options.only, options.most, options.budget or 0)
    masker = Masker(packs, make_token(SALT_LENGTH), keep_content=options.keep_content)
    colour = sys.stderr.isatty()

    def log(line: LogLine) -> None:
        write_log(format_text(line, colour=colour))

    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(open_port(options.host, options.port)) if values.wait else None
        upstreams = {name: str(route.upstream.url.origin()) for name, route in routes.items()}
        header = SessionHeader(utc_now(), __version__, "replay", upstreams, masker.masked)
        writer = stack.enter_context(SessionWriter(options.out, header))
        recorder = Recorder(packs, routes, masker=masker, limits=limits, writer=writer, log=log)
        for route in routes.values():
            stack.callback(route.close)
        replayer = Replayer(
            packs,
            recorder,
            session.header.masked,
            credentials=credentials,
            numbers=numbers,
            senders=senders,
            pace=Timing() if values.keeps_pace else None,
        )
        if listener is not None:
            runner = make_runner(recorder, takes_requests=False)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.SockSite(runner, listener).start()
            show(f"callbacks come to http://{options.host}:{listener.getsockname()[1]}{CALLBACKS}/PROVIDER")
        sending = asyncio.create_task(replayer.run(session.entries))
        stopped = asyncio.create_task(stop.wait())
        stack.callback(stopped.cancel)
        await asyncio.wait((sending, stopped), return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            sending.result()
            if values.wait and replayer.sent:
                await asyncio.wait((stopped,), timeout=values.wait)
        else:
            sending.cancel()
            await asyncio.wait((sending,))
    show(describe(options, recorder, replayer, recorded=recorded))
    return replayer.answered > 0


def describe(options: RecordOptions, recorder: Recorder, replayer: Replayer, *, recorded: int) -> str:
    """Return what an end prints: the counts, the options that would send more, and those that were not needed."""
    replayed = f"replayed {replayer.sent} of {recorded} recorded request{'' if recorded == 1 else 's'}"
    lines = [summary(options.out, recorder.counts), f"  {replayed}; the provider answered {replayer.answered}"]
    if replayer.skipped:
        lines.append(f"  left out {replayer.skipped}: no document has their paths")
    for option, count in replayer.wanting.items():
        lines.append(f"  not sent {count}: name the real value with {option}")
    for reason, count in replayer.reasons.items():
        lines.append(f"  not sent {count}: {reason}")
    if replayer.unsent and options.budget is None:
        lines.append(f"  not sent {replayer.unsent}: without --budget N, no message is sent")
    unused = [("--recipient", each) for each in replayer.recipients.unused]
    unused += [("--sender", each) for each in replayer.senders.unused]
    if replayer.is_complete:
        lines += [f"  not used: {option} {value}=…, as no request needed it" for option, value in unused]
    return "\n".join(lines)
