"""`python -m iotaudit`."""

from iotaudit.cli import main

main()
