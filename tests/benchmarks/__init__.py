"""Figures of the sandbox beside those of a bare handler, taken in the same run: `python -m tests.benchmarks`.

Servers, load and receiver are processes of their own, on loopback. Rounds alternate, so that whatever else the machine
does hits both sides alike; a ratio is the median over neighbouring rounds.
"""
