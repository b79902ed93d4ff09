"""Scenarios: finds, reads, checks and compiles the YAML that says how the providers behave today."""

from sandbox.scenarios.shelf import Shelf, library, load_file, load_named, load_text

__all__ = ["Shelf", "library", "load_file", "load_named", "load_text"]
