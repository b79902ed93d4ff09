"""Jinja templates with limits, and seeded fake data.

This folder compiles and renders the templates of scenario replies. The source of a template and the variables that it
may read come in; text goes out, or an error that gives the reason. Each reply has one budget of steps, memory and time.
This folder imports only `core`.
"""
