"""The DuckDB warehouse: every SQL statement of the product lives in this folder."""

from augcon_lib.warehouse.connection import Warehouse

__all__ = ["Warehouse"]
