"""Reads how long something takes: a fixed duration, or a distribution."""

from collections.abc import Callable, Mapping

from sandbox.core.seeded_random import Distribution, Fixed, Lognormal, Normal, Percentiles, Uniform
from sandbox.scenarios.value_readers import duration, number
from sandbox.scenarios.yaml_node import Node

PAIR = 2
WHOLE = 100.0  # percent


def delay(node: Node) -> Distribution:
    """Read a duration or a distribution."""
    if not isinstance(node.value, dict):
        return Fixed(duration(node))
    fields = node.fields(SHAPES, what="a distribution")
    if len(fields.entries) != 1:
        node.refuse(f"a distribution is one of {', '.join(SHAPES)}")
    (name, entry), *_ = fields.entries.items()
    if name not in SHAPES:
        return Fixed(duration(Node(node.sheet, node.path, 0)))  # noted above as an unknown key
    return SHAPES[name](entry)


def _pair(node: Node, shape: str) -> tuple[Node, Node]:
    entries = node.items()
    if len(entries) != PAIR:
        node.refuse(f"write {shape}")
    return entries[0], entries[1]


def _uniform(node: Node) -> Distribution:
    low, high = map(duration, _pair(node, "uniform: [100ms, 400ms]"))
    if low > high:
        node.refuse("the first duration is longer than the second")
    return Uniform(low, high)


def _normal(node: Node) -> Distribution:
    mean, deviation = map(duration, _pair(node, "normal: [2s, 500ms], the mean and the standard deviation"))
    return Normal(mean, deviation)


def _lognormal(node: Node) -> Distribution:
    median, sigma = _pair(node, "lognormal: [2s, 0.5], the median and sigma")
    value = number(sigma)
    if not 0 <= value <= LARGEST_SIGMA:
        sigma.refuse(f"sigma goes from 0 to {LARGEST_SIGMA:g}")
    return Lognormal(duration(median), value)


LARGEST_SIGMA = 3.0  # at which one of a thousand takes 10,000 times the median


def _percentiles(node: Node) -> Distribution:
    shares, delays = [], []
    for key, entry in node.entries().items():
        try:
            share = float(key)
        except ValueError:
            share = -1.0
        if not 0 <= share <= WHOLE:
            entry.refuse(f"'{key}' is no percentile; they go from 0 to 100")
        shares.append(share)
        delays.append(duration(entry))
    if not shares:
        node.refuse("write percentiles: {50: 1s, 95: 8s}")
    if shares != sorted(set(shares)) or delays != sorted(delays):
        node.refuse("percentiles and their durations must rise")
    return Percentiles(tuple(shares), tuple(delays))


SHAPES: Mapping[str, Callable[[Node], Distribution]] = {
    "uniform": _uniform,
    "normal": _normal,
    "lognormal": _lognormal,
    "percentiles": _percentiles,
}
