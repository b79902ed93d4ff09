"""Jinja templates with bounds: a budget of steps, memory and time for each reply, and seeded sample data.

Comes in: the source of a template and the values it may see. Goes out: text, or an error that says where and why.
Imports `core` alone.
"""
