"""Dagster's records of a workspace: the only room that uses Dagster's private names.

Belongs here: the event log, what is recorded and reconciled, runs and their failures, the web app.
Does not: assets, checks, jobs and sensors, which are in :mod:`augcon_assets.defs`. Each private
name has its reason in ``tests/assets/test_private_names.py``. Most go once Dagster has:

- data versions of single partitions in a run over a range: dagster #34013, #21072, #34015
- many events in one write: dagster #19829, #18149
- wiping partitions with SQLite: dagster #14749
- SQLite storages that wait for other writers: dagster #2884
"""
