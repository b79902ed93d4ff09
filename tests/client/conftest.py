"""What tests of the clients start from."""

from tests.client.fixtures import listener, sandbox, server

__all__ = ["listener", "sandbox", "server"]
