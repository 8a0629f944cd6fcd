"""The embedded offline provider: an extractive stand-in for a model, behind the same client.

It sees nothing but the request body that a real model would see, and answers by the same wire
rules: questions made from the passage's own words, splits at sentence ends, answers quoted from
the passage, verdicts from overlap; a worse prompt gets worse questions. The same request always
gets the same answer.

It is for trying, testing and CI. It understands nothing: a dataset for training needs a real
model, ``[model] provider = "openai"``.
"""

from augcon_lib.offline_model.completion import OFFLINE_MODEL_NAME, complete

__all__ = ["OFFLINE_MODEL_NAME", "complete"]
