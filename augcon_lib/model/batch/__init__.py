"""Batch mode: requests travel through the endpoint's ``/files`` and ``/batches``."""
