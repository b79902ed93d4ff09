"""What a recording teaches: scenarios with the delays and outcomes of the real provider.

`callback_statuses` reads the status in a callback, `observations` tells refusals from accepted requests, binds
callbacks to their messages and counts, `sketch` keeps delays in little memory, `scenario` writes the YAML.
"""
