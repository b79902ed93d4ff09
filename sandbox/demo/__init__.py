"""Fills a running sandbox with believable traffic, for trying the inbox or a dashboard.

What a provider takes is learnt from the samples of its spec, as the control API tells them: nothing here knows one by
name.
"""
