"""The HTTP server: where a request enters and where its response leaves.

`runner` opens the ports, `proxy` looks at the first bytes of a connection, `fast_path` answers plain provider
requests on their connection, `aiohttp_connection` and `app` all others; `response_writer` writes what a scenario
delays or breaks. May import everything but `client`, `testing`, `demo` and `cli`; nothing below may import it.
"""
