"""Dagster's records of a workspace. Besides the UI, only this package uses Dagster's private names.

Belongs here: the event log, recording and reconciling materializations, runs and their failures.
Does not belong here: assets, checks, jobs and sensors, which are in :mod:`augcon_assets.defs`.
"""
