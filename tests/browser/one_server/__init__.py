"""Tests that share one sandbox, one receiver and one tab, each begun anew: a browser takes longer than a test."""
