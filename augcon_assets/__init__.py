"""AugCon on Dagster: assets, checks, sensor, schedule and the command line. Thin by intent."""
