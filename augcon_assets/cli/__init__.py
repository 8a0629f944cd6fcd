"""The command line ``augcon``: one module per command, plus what the commands share.

``app`` declares commands and options. The work behind a command is in the library and in Dagster
jobs; the modules here start it and print the result.
"""

from augcon_assets.cli.app import main

__all__ = ["main"]
