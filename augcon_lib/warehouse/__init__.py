"""The DuckDB warehouse: all SQL of the product is in this folder."""

from augcon_lib.warehouse.connection import Warehouse

__all__ = ["Warehouse"]
