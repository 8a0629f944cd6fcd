"""Step 2b with the paper's own scorer: a linear head on a base model's last hidden state (3.3).

The base model is adapted by LoRA with the figures of the authors' code (rank, alpha and dropout on
all linear layers, epochs, batch, weight decay, warm-up); the loss is the paper's,
-log σ(s(C, q⁺) - s(C, q⁻)). Trains on a GPU if one exists, otherwise on the CPU. Needs the extra
``augcon[neural]``, which is imported only when it is used.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from augcon_lib.errors import SettingsError
from augcon_lib.queries.base_model import BaseModel, base_model
from augcon_lib.queries.contrastive_pairs import ContrastivePair
from augcon_lib.queries.linear_scorer import (
    MIN_PAIRS,
    UNTRAINED,
    LinearScorer,
    ScorerReport,
    scorer_report,
    split_by_document,
)
from augcon_lib.settings import ScorerSettings

LORA_RANK, LORA_ALPHA, LORA_DROPOUT = 32, 32, 0.05
BATCH_PAIRS = 4
WEIGHT_DECAY = 0.01
WARM_UP_STEPS = 50
LEARNING_RATE = 2e-4
SCORED_AT_ONCE = 16
HEAD_FILE, TRAINED_FILE = "head.npy", "scorer.json"
WEIGHT_FILES = ("adapter_model.safetensors", HEAD_FILE)


class TransformerScorer:
    """s(C, q) of a trained adapter in *folder*, which is loaded on first use."""

    kind: ClassVar = "transformer"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def version(self) -> str:
        """An id of the trained weights."""
        return self._folder.name

    @property
    def has_weights(self) -> bool:
        """Whether the trained weights are in the folder."""
        return all((self._folder / name).is_file() for name in (*WEIGHT_FILES, TRAINED_FILE))

    def to_json(self) -> str:
        """Return the base model of the adapter as JSON, for the warehouse."""
        return (self._folder / TRAINED_FILE).read_text(encoding="utf-8")

    def score(self, contexts: Sequence[str], queries: Sequence[str]) -> list[float]:
        """Return s(C, q) for each pair; higher means closer to instruction and examples.

        Raises ``SettingsError`` if the extra or the trained weights are missing.
        """
        return self._model.score(contexts, queries)

    @cached_property
    def _model(self) -> "_Model":
        try:
            trained = json.loads(self.to_json())
        except FileNotFoundError:
            raise SettingsError(
                f"the weights of scorer {self.version} are not in {self._folder}; restore them, or "
                "retrain the scorer with: augcon retrain query_scorer"
            ) from None
        base = BaseModel(trained["base_model"], trained.get("revision", ""))
        base.check(self.version, self._folder.parent)
        model = _Model(base, trained["max_tokens"], self._folder)
        model.load_head(np.load(self._folder / HEAD_FILE))
        return model


def train_transformer(
    pairs: Sequence[ContrastivePair], seed: int, settings: ScorerSettings, scorers: Path
) -> tuple[TransformerScorer | LinearScorer, ScorerReport]:
    """Train on the documents of one part, validate on those of the other.

    The weights are stored in a folder of *scorers* that is named after them. With too few pairs
    nothing is trained, as for the linear scorer. Raises ``SettingsError`` if the base model or the
    extra is missing.
    """
    train, held_out = split_by_document(pairs, seed)
    if len(train) < MIN_PAIRS:
        return UNTRAINED, scorer_report(UNTRAINED, len(train), held_out)
    if not settings.base_model:
        raise SettingsError(
            'scorer.base_model is empty; kind = "transformer" needs the name or the folder of a '
            "base model"
        )
    torch = _torch()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = _Model(base_model(settings.base_model, scorers), settings.max_tokens)
        losses = model.train(train, settings.epochs, seed)
    scorer = TransformerScorer(model.save(scorers))
    report = scorer_report(model, len(train), held_out)
    return scorer, ScorerReport(
        report.train_pairs, report.held_out, report.accuracy_by_kind, tuple(losses)
    )


class _Model:
    """Base model, adapter and head on a device."""

    def __init__(self, base: BaseModel, max_tokens: int, adapter: Path | None = None) -> None:
        torch = _torch()
        from peft import LoraConfig, PeftModel, get_peft_model
        from transformers import AutoModel, AutoTokenizer

        self._base, self._max_tokens = base, max_tokens
        base_model = base.name
        pinned = {"revision": base.hub_revision} if base.hub_revision else {}
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        # Half precision is slow on a CPU, and sufficient for a base model on a GPU.
        precision = torch.bfloat16 if self._device.type == "cuda" else torch.float32
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(base_model, **pinned)
            body = AutoModel.from_pretrained(base_model, dtype=precision, **pinned)
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"[scorer] base_model {base_model!r} cannot be loaded: {str(error).splitlines()[0]}"
            ) from error
        # Record the revision that was loaded: a hub's main revision moves.
        commit = getattr(body.config, "_commit_hash", None)
        self._base = base.at(commit) if commit else base
        if self._tokenizer.pad_token is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token
        self._tokenizer.padding_side = "right"
        if adapter is not None:
            self._body: Any = PeftModel.from_pretrained(body, adapter)
        else:
            lora = LoraConfig(
                r=LORA_RANK,
                lora_alpha=LORA_ALPHA,
                lora_dropout=LORA_DROPOUT,
                target_modules="all-linear",
            )
            self._body = get_peft_model(body, lora)
        self._body.to(self._device)
        self._head = torch.nn.Linear(body.config.hidden_size, 1, bias=False).to(self._device)

    def load_head(self, weights: "np.ndarray[Any, Any]") -> None:
        """Load the trained head."""
        torch = _torch()
        with torch.no_grad():
            self._head.weight.copy_(torch.from_numpy(weights))

    def train(self, pairs: Sequence[ContrastivePair], epochs: int, seed: int) -> list[float]:
        """Minimise -log σ(s(C, q⁺) - s(C, q⁻)); return the mean loss of each epoch."""
        torch = _torch()
        learnt = [p for p in self._body.parameters() if p.requires_grad]
        optimiser = torch.optim.AdamW(
            [*learnt, *self._head.parameters()], lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY
        )
        warming = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda step: min(1.0, (step + 1) / WARM_UP_STEPS)
        )
        order = np.random.default_rng(seed)
        self._body.train()
        losses = []
        for _ in range(epochs):
            total = 0.0
            for batch in _chunks([pairs[place] for place in order.permutation(len(pairs))]):
                contexts = [pair.context for pair in batch]
                better = self._scores(contexts, [pair.positive_query for pair in batch])
                worse = self._scores(contexts, [pair.negative_query for pair in batch])
                loss = -torch.nn.functional.logsigmoid(better - worse).mean()
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                warming.step()
                total += loss.item() * len(batch)
            losses.append(total / len(pairs))
        return losses

    def score(self, contexts: Sequence[str], queries: Sequence[str]) -> list[float]:
        """Return s(C, q) for each pair; texts of similar length are batched together."""
        torch = _torch()
        self._body.eval()
        order = sorted(range(len(queries)), key=lambda n: len(contexts[n]) + len(queries[n]))
        scores = [0.0] * len(queries)
        with torch.no_grad():
            for start in range(0, len(order), SCORED_AT_ONCE):
                places = order[start : start + SCORED_AT_ONCE]
                found = self._scores([contexts[n] for n in places], [queries[n] for n in places])
                for place, value in zip(places, found.tolist(), strict=True):
                    scores[place] = round(value, 4)  # digits that batches and devices do not change
        return scores

    def save(self, scorers: Path) -> Path:
        """Write adapter and head to a folder of *scorers* named after them."""
        scorers.mkdir(parents=True, exist_ok=True)
        made = scorers / "unfinished"
        shutil.rmtree(made, ignore_errors=True)
        self._body.save_pretrained(made)
        np.save(made / HEAD_FILE, self._head.weight.detach().cpu().float().numpy())
        trained = {
            "base_model": self._base.name,
            "revision": self._base.revision,
            "max_tokens": self._max_tokens,
        }
        (made / TRAINED_FILE).write_text(json.dumps(trained), encoding="utf-8")
        digest = sha256()
        for name in (*WEIGHT_FILES, TRAINED_FILE):
            digest.update((made / name).read_bytes())
        folder = scorers / digest.hexdigest()[:24]
        shutil.rmtree(folder, ignore_errors=True)
        return made.rename(folder)

    def _scores(self, contexts: Sequence[str], queries: Sequence[str]) -> Any:
        """Return the head's value at the last token of each text, as a vector."""
        torch = _torch()
        texts = [self._tokens(c, q) for c, q in zip(contexts, queries, strict=True)]
        batch = self._tokenizer.pad({"input_ids": texts}, return_tensors="pt").to(self._device)
        hidden = self._body(**batch).last_hidden_state
        last = batch["attention_mask"].sum(dim=1) - 1
        states = hidden[torch.arange(len(texts), device=self._device), last]
        return self._head(states.float()).squeeze(-1)

    def _tokens(self, context: str, query: str) -> list[int]:
        """Tokenize ``Context: ... Question: ...``; if it is too long, cut the context's end."""
        whole: list[int] = self._tokenizer(f"Context: {context}\n\nQuestion: {query}")["input_ids"]
        if len(whole) <= self._max_tokens:
            return whole
        asked: list[int] = self._tokenizer(f"\n\nQuestion: {query}")["input_ids"]
        asked = asked[-self._max_tokens :]
        return whole[: self._max_tokens - len(asked)] + asked


def _chunks(pairs: Sequence[ContrastivePair]) -> Iterator[Sequence[ContrastivePair]]:
    for start in range(0, len(pairs), BATCH_PAIRS):
        yield pairs[start : start + BATCH_PAIRS]


def _torch() -> Any:
    try:
        import peft  # noqa: F401
        import torch
        import transformers  # noqa: F401
    except ImportError as error:
        raise SettingsError(
            f'[scorer] kind = "transformer" needs {error.name}; install it with: '
            "pip install 'augcon[neural]'"
        ) from None
    return torch
