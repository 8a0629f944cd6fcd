"""Sentence embeddings, for the linear scorer; wants the extra ``augcon[embeddings]``."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from augcon_lib.errors import SettingsError


def cosines(model: str, contexts: Sequence[str], queries: Sequence[str]) -> npt.NDArray[np.float64]:
    """The cosine of each query's embedding with its context's, by the model of that name.

    Raises ``SettingsError`` where the extra is not installed or the model cannot be loaded.
    """
    texts = list(dict.fromkeys([*contexts, *queries]))
    places = {text: place for place, text in enumerate(texts)}
    vectors = _encoder(model).encode(texts, normalize_embeddings=True, show_progress_bar=False)
    one = vectors[[places[text] for text in contexts]]
    other = vectors[[places[text] for text in queries]]
    return np.asarray((one * other).sum(axis=1), dtype=np.float64)


@lru_cache(maxsize=2)
def _encoder(model: str) -> Any:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise SettingsError(
            f"scorer.embedding_model {model!r} wants sentence-transformers; install it with: "
            "pip install 'augcon[embeddings]'"
        ) from None
    try:
        return SentenceTransformer(model)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"scorer.embedding_model {model!r} cannot be loaded: {str(error).splitlines()[0]}"
        ) from error
