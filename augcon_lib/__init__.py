"""AugCon as a library: from documents to supervised-fine-tuning rows.

The modules follow the paper (Quan, arXiv 2405.16579): ``documents`` and ``contexts``,
``context_split_tree`` (section 3.2), ``contrastive_pairs``, ``query_scorer`` and
``query_selection`` (3.3), ``few_shot_search`` and ``responses`` (3.4), ``sft_dataset``.
Nothing here imports Dagster; a step never imports a later one. What the library logs goes where the
application sends it, and nowhere else.
"""

import logging

logging.getLogger(__name__).addHandler(logging.NullHandler())
