"""The control API below `/_sandbox/`, by resource."""
