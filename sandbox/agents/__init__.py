"""Tools for coding agents by the Model Context Protocol (MCP), on standard input and output or over HTTP.

`traffic_tools` and `server_tools` have the tools, thin calls of the client; `results` has what they return, `tool` the
schemas, `resources` and `prompts` what else a server of MCP offers. `server` makes the SDK's server of them, which
`stdio` and `endpoint` connect with an agent. The SDK is in the extra `sms-sandbox[mcp]`; only `stdio`, `endpoint` and
the modules that they import need it, and nothing imports those before MCP is wanted.
"""
