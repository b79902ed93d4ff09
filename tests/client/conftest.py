"""What tests of the clients start from."""

from tests.client.rigs import listener, place, rig

__all__ = ["listener", "place", "rig"]
