"""Which partitions and choices are stale, why, and the plan that brings them up to date.

Only pure functions of fingerprints belong here; reading the store or the warehouse does not.
"""
