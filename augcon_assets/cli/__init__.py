"""The command line ``augcon``."""

from augcon_assets.cli.app import main

__all__ = ["main"]
