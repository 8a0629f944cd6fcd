"""Embeddings as a feature of the linear scorer: the cosine of context and query.

The model is one of sentence-transformers (extra ``augcon[embeddings]``) in this process, or the
endpoint's (:mod:`augcon_lib.model.endpoints.embedding_endpoint`), which is called before anything
is scored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from augcon_lib.errors import ModelError, SettingsError

PACKAGE, ENDPOINT = "package", "endpoint"

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Embedder:
    """The embedding model *model* of *source*; ``known`` are the endpoint's vectors by text."""

    model: str
    source: str = PACKAGE
    known: Mapping[str, Vector] = field(default_factory=dict, compare=False, repr=False)

    @property
    def asks_endpoint(self) -> bool:
        """Whether texts have to be ``known`` before their cosines can be computed."""
        return self.source == ENDPOINT

    def cosines(self, contexts: Sequence[str], queries: Sequence[str]) -> Vector:
        """Return the cosine of each query's embedding with its context's, in [-1, 1].

        Raises ``SettingsError`` if the extra is not installed or the model cannot be loaded,
        ``ModelError`` if texts are not known, or their vectors come from different models.
        """
        texts = list(dict.fromkeys([*contexts, *queries]))
        places = {text: place for place, text in enumerate(texts)}
        vectors = self.vectors(texts)
        one = vectors[[places[text] for text in contexts]]
        other = vectors[[places[text] for text in queries]]
        return np.asarray((one * other).sum(axis=1), dtype=np.float64)

    def vectors(self, texts: Sequence[str]) -> Any:
        """Return one row of length 1 for each of *texts*."""
        if not self.asks_endpoint:
            return _sentence_model(self.model).encode(
                texts, normalize_embeddings=True, show_progress_bar=False
            )
        unknown = sum(text not in self.known for text in texts)
        if unknown:
            raise ModelError(
                f"{unknown:,} texts have no embedding by {self.model!r} yet; get them from the "
                "endpoint with: augcon run"
            )
        vectors = [self.known[text] for text in texts]
        if len({len(vector) for vector in vectors}) > 1:
            raise ModelError(
                f"embeddings by {self.model!r} have different lengths, so the endpoint has served "
                "several models under that name; give the present one a name of its own in "
                "[scorer] embedding_model"
            )
        return np.stack(vectors)


@lru_cache(maxsize=2)
def _sentence_model(name: str) -> Any:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise SettingsError(
            f"[scorer] embedding_model {name!r} needs sentence-transformers; install it with: "
            "pip install 'augcon[embeddings]', or get embeddings from the endpoint: set [scorer] "
            'embedding_source = "endpoint"'
        ) from None
    try:
        return SentenceTransformer(name)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"[scorer] embedding_model {name!r} cannot be loaded: {str(error).splitlines()[0]}"
        ) from error
