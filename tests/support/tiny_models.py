"""A base model of a few thousand random weights, and its tokenizer, made on the spot."""

from collections.abc import Iterable
from pathlib import Path


def save_tiny_model(folder: Path, texts: Iterable[str]) -> Path:
    """A decoder of two layers whose words are those of *texts*."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.trainers import WordLevelTrainer
    from transformers import LlamaConfig, LlamaModel, PreTrainedTokenizerFast

    words = Tokenizer(WordLevel(unk_token="[unk]"))
    words.pre_tokenizer = Whitespace()
    words.train_from_iterator(texts, WordLevelTrainer(special_tokens=["[unk]", "[pad]"]))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="[unk]", pad_token="[pad]"
    )
    tokenizer.save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        LlamaModel(
            LlamaConfig(
                vocab_size=len(tokenizer),
                hidden_size=32,
                intermediate_size=64,
                num_hidden_layers=2,
                num_attention_heads=4,
                num_key_value_heads=4,
                max_position_embeddings=256,
                pad_token_id=tokenizer.pad_token_id,
            )
        ).save_pretrained(folder)
    return folder
