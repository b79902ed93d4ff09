"""`python -m sandbox` is the command `sms-sandbox`."""

from sandbox.cli import main

main()
