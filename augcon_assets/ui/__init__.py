"""Dagster's UI for one person on one machine: served on loopback, behind a token."""
