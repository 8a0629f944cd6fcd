"""Sources of queries: the Context-Split-Tree, and what the paper compares it with.

The ablations of section 4.4 (``direct``, ``middle``) and the baselines of section 4.1 that generate
queries (``context_instruct``, ``etrc``, ``adaptllm``) work on the same root contexts and write the
same nodes, so that all later stages are the same for all of them.
"""

from augcon_lib.strategies.choice import ChooseStrategy, Strategy, strategy_for

__all__ = ["ChooseStrategy", "Strategy", "strategy_for"]
