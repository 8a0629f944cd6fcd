"""The assets, one module each, named after them."""

from augcon_assets.assets.cst_nodes import cst_nodes
from augcon_assets.assets.documents import documents
from augcon_assets.assets.few_shot_examples import few_shot_examples
from augcon_assets.assets.query_scorer import query_scorer
from augcon_assets.assets.raw_corpus import raw_corpus
from augcon_assets.assets.responses import responses
from augcon_assets.assets.scored_queries import scored_queries
from augcon_assets.assets.sft_dataset import sft_dataset

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
