"""Compiles the providers' OpenAPI documents into routes, readers and validators."""
