"""Dagster's records of a workspace: the only package that uses Dagster's private names.

Belongs here: the event log, recording and reconciling materializations, runs and their failures,
the web app. Does not belong here: assets, checks, jobs and sensors, which are in
:mod:`augcon_assets.defs`. ``tests/assets/test_private_names.py`` gives the reason for each private
name. Most can go when Dagster has:

- data versions of single partitions in a run over a range: dagster #34013, #21072, #34015
- many events in one write: dagster #19829, #18149
- wiping partitions with SQLite: dagster #14749
- SQLite storages that wait for other writers: dagster #2884
"""
