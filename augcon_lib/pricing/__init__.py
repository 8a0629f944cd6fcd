"""Estimate the cost of stale work in advance: model calls and tokens, by stage and by reason.

The run's own code is executed with a model that costs nothing (``stand_in``); its guesses are
corrected by the real costs of this workspace's own trees (``calibration``).
"""

from augcon_lib.pricing.price import Price, price

__all__ = ["Price", "price"]
