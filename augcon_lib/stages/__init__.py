"""One module per asset: what it takes to make it, for many documents at once.

A stage reads what the stage before left in the warehouse, calls the method, and replaces its
partitions as they get ready. Dagster stands outside and looks on.
"""
