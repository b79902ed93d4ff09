"""Formats that the sandbox reads and writes: YAML and JSON with the place of each value, compact JSON, SMS segments.

Comes in: the text of a file or of a message. Goes out: plain values with their places, bytes, segments. A file that
cannot be read raises `FileError` with file, line and column. Imports `core` alone.
"""
