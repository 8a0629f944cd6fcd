"""Batch mode: requests go through the endpoint's ``/files`` and ``/batches``."""
