"""The assets, one module each, named after the asset."""

from augcon_assets.defs.assets.cst_nodes import cst_nodes
from augcon_assets.defs.assets.documents import documents
from augcon_assets.defs.assets.few_shot_examples import few_shot_examples
from augcon_assets.defs.assets.query_scorer import query_scorer
from augcon_assets.defs.assets.raw_corpus import raw_corpus
from augcon_assets.defs.assets.responses import responses
from augcon_assets.defs.assets.scored_queries import scored_queries
from augcon_assets.defs.assets.sft_dataset import sft_dataset

ASSETS = (
    documents,
    raw_corpus,
    cst_nodes,
    query_scorer,
    scored_queries,
    few_shot_examples,
    responses,
    sft_dataset,
)
