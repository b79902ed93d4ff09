"""Compares a recording with the sandbox or with another recording, and says which facts of a document it confirms."""
