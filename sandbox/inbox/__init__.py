"""The inbox: a static page on the control API. The folder has files for a browser and no Python but this."""
