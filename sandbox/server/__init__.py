"""The HTTP server: where requests enter and responses leave.

`runner` opens the ports; `proxy` looks at the first bytes of a connection; `fast_path` answers plain provider requests
on their connection; `aiohttp_connection` and `app` handle all others, which `fallback` loads with the first of them,
and `bad_requests` those that are not HTTP. Bytes come in; the engine and the control API get requests as plain values;
`response_writer` writes replies that a scenario delays or breaks; `startup` builds the engine from the options of
`serve`. May import everything except `client`, `testing`, `demo` and `cli`; nothing below may import it.
"""
