"""Reads the text of a file as YAML 1.2 or as JSON, and keeps the place of each value."""
