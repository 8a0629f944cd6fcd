"""Which partitions and choices are stale, why, and the plan that brings them up to date.

Belongs here: pure functions of fingerprints. Does not: reading the store or the warehouse.
"""
