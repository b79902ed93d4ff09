"""The providers: one module or folder each, found through its OpenAPI document; no other module imports one.

Comes in: the world and a `Call`, a request that is read and checked against the document. Goes out: a `Reply`, a
`Refusal`, or a `Plan` that the pipeline commits or drops; and `Outgoing`, the body of a callback. A provider imports
`core`, `specs`, `base`, and JSON, phone numbers and segments from `formats`; never another provider, HTTP or YAML.
"""
