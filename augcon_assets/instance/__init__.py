"""Dagster's records of a workspace: the only room that uses Dagster's private names.

Belongs here: the event log, what is recorded and reconciled, runs and their failures. Does not:
assets, checks, jobs and sensors, which are in :mod:`augcon_assets.defs`.
"""
