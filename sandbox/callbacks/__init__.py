"""Delivery reports on their way to the application under test.

A callback whose time has come enters at `dispatch`, is written by `compose`, waits its turn in the `courier`, is
judged by the `egress` policy and leaves through the `http_client`. What became of the attempt goes back into the
world as one batch. Imports `providers.base`, `providers.registry`, `formats` and `core`.
"""
