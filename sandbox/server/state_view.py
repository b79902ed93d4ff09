"""Shows a saved state in the inbox: a server on loopback that changes nothing, and sends nothing."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

from sandbox.core.clock import format_time
from sandbox.core.errors import FileMistake, MistakesError, ReadOnlyError
from sandbox.engine.engine import Engine
from sandbox.server.runner import running_server
from sandbox.server.startup import Options, Ports, make_engine
from sandbox.store.codec import read_time
from sandbox.store.state_file import SavedStateError
from sandbox.store.state_reader import SavedState, StateReader

PIECE = 256 * 1024  # bytes of the file that are read at once


def read_state(file: Path, engine: Engine) -> SavedState:
    """Return the state in a file, as it was when it was saved.

    Raises:
        MistakesError: the file cannot be read, or is not a saved state.

    """
    reader = StateReader(engine.packs, engine.start.scenario, as_saved=True)
    try:
        with file.open("rb") as opened:
            while piece := opened.read(PIECE):
                reader.feed(piece)
        return reader.finish()
    except SavedStateError as error:
        raise MistakesError([FileMistake(error.problem, str(file), error.line)]) from None
    except OSError as error:
        raise MistakesError([FileMistake(error.strerror or str(error), str(file))]) from None


async def load_read_only(engine: Engine, file: Path) -> SavedState:
    """Make the default workspace what a file has; from now on, it stays as it is.

    Raises:
        MistakesError: As for `read_state`.

    """
    saved = read_state(file, engine)
    await engine.default.suspend()  # for good: nothing that is pending is carried out
    await engine.default.load(saved.state)
    engine.read_only = ReadOnlyError(file.name)
    return saved


async def show_state(options: Options, file: Path, *, print_banner: Callable[[str], None]) -> None:
    """Serve a saved state until SIGINT or SIGTERM.

    Raises:
        SandboxError: the file is not a saved state, or the port cannot be opened.

    """
    engine = make_engine(options)
    saved = await load_read_only(engine, file)
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    async with running_server(engine, options) as ports:
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stop.set)
        print_banner(format_state(engine, saved, options, ports))
        await stop.wait()


def format_state(engine: Engine, saved: SavedState, options: Options, ports: Ports) -> str:
    """Return what is printed: where the inbox is, and what it shows."""
    world, header = engine.default.world, saved.header
    at = format_time(read_time(header["saved_at"]))
    counts = {"message": len(world.messages), "callback": len(world.callbacks), "request": len(world.requests)}
    lines = [
        f"sms-sandbox shows a saved state on http://{options.host}:{ports.plain}/_sandbox/ui/",
        f"  saved      {at}, workspace {header['workspace']}, keys {header['keys']}",
        f"  scenario   {world.scenario.name}, seed {world.seed}, clock at {format_time(world.now())}",
        f"  content    {', '.join(f'{count} {name}' + 's' * (count != 1) for name, count in counts.items())}",
    ]
    return "\n".join(lines)
