"""What Dagster loads: assets, checks, jobs, schedules, the sensor.

`dg scaffold defs` writes here. Each module is loaded by itself; a new one needs no registration.
"""
