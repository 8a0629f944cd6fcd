"""AugCon on Dagster: assets, checks, sensor, schedules, UI and command line.

A thin layer: the method and the storage are in ``augcon_lib``, which does not import Dagster.
"""
