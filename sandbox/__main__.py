"""Run the command `sms-sandbox` as `python -m sandbox`."""

from sandbox.cli import main

main()
