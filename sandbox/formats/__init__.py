"""Formats that the sandbox reads and writes: YAML and JSON with positions, SMS segments, phone numbers.

Comes in: the text of a file or a message, or a number. Goes out: plain values with line and column, bytes, segments,
normalized numbers (`phone_numbers`). A file that cannot be read raises `FileError` with file, line and column. Imports
`core` alone.
"""
