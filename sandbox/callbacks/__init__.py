"""Callbacks: delivery reports on their way to the application under test.

A callback that is due comes in at `dispatch`. `compose` builds its request (the provider's `report` writes the
body), the `courier` makes the attempt in its turn, once its batch is committed, `egress` checks the address, and the
`http_client` sends it over a `connection`.
The result goes back into the world as one batch. Imports `providers.base`, `providers.registry` and `core`.
"""
