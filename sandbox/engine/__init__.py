"""Workspaces at work: which workspace a request belongs to, and what happens there as its clock runs.

`engine` owns the workspaces and gives each request to the `pipeline`; `workspace` owns one world with its clock;
`scheduler` works through its agenda; `report` moves messages and makes their callbacks, `inbound` makes the messages
that phones send; `advance` walks the clock from due instant to due instant; `gate` lets responses and callbacks leave
once their batch is committed. Requests come in from `server`, control calls from `control`; responses go back, and
callbacks to the courier. Imports `callbacks`, `pipeline` and everything below them.
"""
