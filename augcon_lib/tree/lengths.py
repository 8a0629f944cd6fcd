"""The lengths that bound granularity: the settings' own, or the preset of the text's script."""

from augcon_lib.errors import SettingsError
from augcon_lib.settings import Settings
from augcon_lib.text.languages import LengthPreset, length_preset
from augcon_lib.tree.context_split_tree import TreeParameters


def resolve_lengths(settings: Settings, language: str) -> LengthPreset:
    """Return l, lambda, the quota and the shortest query for a text in *language*; 0: preset.

    Raises ``SettingsError`` if lambda is not below l: no text would get a query.
    """
    tree, selection = settings.tree, settings.selection
    preset = length_preset(language if tree.language == "auto" else tree.language)
    resolved = LengthPreset(
        max_context_chars=tree.max_context_chars or preset.max_context_chars,
        min_context_chars=tree.min_context_chars or preset.min_context_chars,
        chars_per_query=selection.chars_per_query or preset.chars_per_query,
        min_query_chars=preset.min_query_chars,
    )
    if resolved.min_context_chars >= resolved.max_context_chars:
        raise SettingsError(
            f"[tree] min_context_chars ({resolved.min_context_chars}) must be below "
            f"max_context_chars ({resolved.max_context_chars}) for texts in {language!r}; "
            "set both to 0 for the preset of the text's script"
        )
    return resolved


def tree_parameters(settings: Settings, language: str) -> TreeParameters:
    """Return the parameters of Algorithm 1 for a text in *language*."""
    lengths = resolve_lengths(settings, language)
    return TreeParameters(
        split=settings.tree.parts,
        min_context_chars=lengths.min_context_chars,
        min_query_chars=lengths.min_query_chars,
        min_split_rouge_l=settings.tree.min_split_rouge_l,
        temperature=settings.tree.temperature,
        max_rounds=settings.tree.max_rounds,
        chars_per_query=lengths.chars_per_query,
        oversample=settings.selection.oversample,
        max_rouge_l=settings.selection.max_rouge_l,
        rouge_l=settings.selection.rouge_l,
    )
