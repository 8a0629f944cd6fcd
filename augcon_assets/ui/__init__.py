"""Dagster's UI for one user on one machine: served on loopback, protected by a token.

Belongs here: the web server, its guard and its child processes. The command ``augcon ui`` is in
:mod:`augcon_assets.cli.ui`.
"""
