"""The documentation that a server carries: Markdown pages, and the code that serves them below `/_sandbox/docs/`.

The Markdown of a page comes in; the page as HTML, the Markdown itself and a search index go out. The reference parts
of some pages are generated at request time from the command line, the control API's OpenAPI document, the scenario
schema and the providers' specs. Nothing is read, and markdown-it is not imported, before the first request for a page.
May import what `control` may import.
"""
