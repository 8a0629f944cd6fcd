"""What stale work will cost before it is done: model calls and tokens, by stage and by reason.

The run's own code is walked with a model that costs nothing (``stand_in``); what it had to guess
is corrected by what this workspace's own trees took (``calibration``).
"""

from augcon_lib.pricing.price import Price, price

__all__ = ["Price", "price"]
