"""Workspaces at work: which workspace a request belongs to, and what happens there as its clock goes on.

`engine` owns the workspaces, `workspace` one world with its clock, `scheduler` works through the agenda, `advance`
moves the clock from due instant to due instant, `transitions` moves messages and makes their callbacks. Imports
`callbacks`, `pipeline`, `scenarios` and everything below them.
"""
