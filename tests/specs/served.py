"""A provider document that is served in the process: requests go in, replies and callbacks come out."""

import json
from pathlib import Path

from sandbox.callbacks.compose import write
from sandbox.core.callback import CallbackState, Outgoing, Target
from sandbox.core.change import TargetSet
from sandbox.core.clock import ClockMode, make_clock
from sandbox.core.world import World
from sandbox.engine.scheduler import carry_out
from sandbox.pipeline import Response, ServerContext, handle
from sandbox.providers.registry import discover
from sandbox.scenarios import load_text
from sandbox.specs.body_parsing import Request
from sandbox.specs.routing import Router
from tests.builders import NOON


class Served:
    """The only provider of a folder, with a world of its own."""

    def __init__(self, folder: Path, *, scenario: str = "rules: []\n") -> None:
        packs = discover([folder])
        ((self.name, self.pack),) = packs.items()
        self._packs = packs
        self.world = World(
            "default",
            clock=make_clock(ClockMode.FROZEN, start=NOON),
            seed=7,
            scenario=load_text(scenario, "mine", packs=packs),
            defaults={self.name: self.pack.spec.defaults},
        )
        self._server = ServerContext(packs, Router(self.pack.spec.routes), self.world, lambda _: self.world)
        self.world.commit(TargetSet(self.name, Target("http://127.0.0.1:9/dlr", "secret")))

    def ask(self, method: str, path: str, body: object = None, *, query: str = "") -> Response:
        """Return the reply to a request."""
        headers = {"content-type": "application/json", "x-key": "k1"}
        content = b"" if body is None else json.dumps(body).encode()
        return handle(Request(method, path, query, headers, content), self._server)[1]

    def callbacks(self) -> list[Outgoing]:
        """Carry everything out that is due and return the callbacks."""
        sent = []
        while (due := self.world.agenda.first()) is not None:
            if due.at > self.world.now():
                self.world.commit(self.world.clock.moved(due.at))
            callback = carry_out(self.world, self._packs, due)
            if callback is not None and callback.state is CallbackState.SENDING:
                sent.append(write(self.world, self._packs, callback))
        return sent
