"""Callbacks: delivery reports on their way to the application under test.

A callback that is due comes in at `dispatch`. `compose` has its target, timeout and retry schedule, and builds its
request; the function `report` of the provider's module writes the body. The `courier` makes the attempt in its turn,
once its batch is committed; `egress` checks the address, and the `http_client` sends it over a `connection`. The result
goes back into the world as one batch. Imports `providers.base`, `providers.registry` and `core`.
"""
