"""The control API below `/_sandbox/`, by resource.

HTTP requests come in through `routes`, which matches them to an endpoint; `access` guards them, and `call` reads them
by `openapi.yaml`, the description of the whole API. Each resource (`messages`, `callbacks`, …) is one module with what
it does, reads and shows; it replies with JSON, or raises the problem documents of `problems`. A new call is described
in `openapi.yaml`, written in the module of its resource, and listed in `routes`. Changes to a workspace go through
`sandbox.engine`. The folder may import everything below it: `engine`, `callbacks`, `pipeline`, `scenarios`,
`providers`, `specs`, `formats` and `core`; only `server` imports it.
"""
