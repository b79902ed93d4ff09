"""Recordings of real providers: a server between application and provider, the session file, and its masking.

`session` is the file, `stand_ins` and `masking` replace what must not be written, `upstream` sends requests on,
`recorder` is the server, `replay` sends a recording again with what `real_values` has for stand-ins, `importing` reads
the recordings of other tools.
"""
