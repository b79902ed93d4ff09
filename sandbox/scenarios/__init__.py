"""Scenarios: finds, reads, checks and compiles the YAML that says how the providers behave today."""

from sandbox.scenarios.library import ScenarioLibrary, library, load_file, load_named, load_text, unknown_name
from sandbox.scenarios.listing import Checked, Listed, check, explain, listing

__all__ = [
    "Checked",
    "Listed",
    "ScenarioLibrary",
    "check",
    "explain",
    "library",
    "listing",
    "load_file",
    "load_named",
    "load_text",
    "unknown_name",
]
