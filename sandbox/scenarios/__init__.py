"""Scenarios: finds, reads, checks and compiles the YAML that says how the providers behave today."""

from sandbox.scenarios.shelf import Shelf, library, load_file, load_named, load_text, unknown_name
from sandbox.scenarios.telling import Checked, Listed, check, explain, listing

__all__ = [
    "Checked",
    "Listed",
    "Shelf",
    "check",
    "explain",
    "library",
    "listing",
    "load_file",
    "load_named",
    "load_text",
    "unknown_name",
]
