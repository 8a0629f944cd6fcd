"""The definitions that Dagster loads: assets, checks, jobs, schedules, the sensor.

`dg scaffold defs` writes here. Every module is loaded; a new one needs no registration. Code that
reads or writes Dagster's records (events, runs, partitions) belongs in
:mod:`augcon_assets.instance`.
"""
