"""The providers: one module or folder each, found through its OpenAPI document; no other module imports one.

Comes in: the world and a `Call`, a request that is read and checked against the document. Goes out: a `Reply`, a
`Refusal`, or a `Plan` that the pipeline commits or drops; and `Outgoing`, the request of a callback (`write_callback`
of each). Paths, statuses, errors and settings such as `retries` are in the documents (`specs/*.yaml`). A provider
imports `core`, `specs`, `base`, and JSON, phone numbers and segments from `formats`; never another provider, HTTP or
YAML.
"""
