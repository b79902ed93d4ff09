"""Fills a running server with invented traffic, for trying the inbox or a dashboard.

`request_templates` learns from the samples in the providers' specs, as the control API lists them, how each provider
accepts messages; no provider is named here. `sender` makes requests from these templates and the `texts`, and sends
them. The package imports `sandbox.client` and `sandbox.core`.
"""
