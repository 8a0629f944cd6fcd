"""One module per asset: how to materialize it for many documents at once.

A stage reads the rows of the previous stage from the warehouse, calls the method, and replaces its
partitions as they finish. Nothing here depends on Dagster.
"""
