"""Provider documents, compiled: what a request may say and how a provider answers.

An OpenAPI file comes in (`document` reads it, `document_check` and `path_check` look for mistakes); `compile` turns it
into a `ProviderSpec` with its operations and routes (`spec`). `routing` finds the route of a request; `Route.read`
returns its values (`body_parsing`), the ways in which it breaks the schema (`fast_validation`, and `validation` for the
wording) and hints on what the provider ignores (`hints`, `text_hints`). It imports `core` and `formats` alone.
"""
