"""The providers: a document each (`specs/*.yaml`), whose operations name behaviours; a folder for those with functions.

Comes in: the world and a `Call`, a request that is read and checked against the document. Goes out: a `Reply`, a
`Refusal`, or a `Plan` that the pipeline commits or drops; and `Outgoing`, the request of a callback. `behaviours`
compiles what a document declares, `registry` finds the documents, `base` is what they share. Paths, statuses, errors,
callbacks and settings such as `retries` are in the documents. A folder here has the functions of one provider, for what
no behaviour does; it imports `core`, `specs`, `base`, and JSON, phone numbers, segments and URLs from `formats`; never
another provider, HTTP or YAML.
"""
