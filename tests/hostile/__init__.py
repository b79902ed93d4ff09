"""Attacks on every promise: tables that grow with every fault found, and fuzz that runs longer by `--hostile 10m`."""
