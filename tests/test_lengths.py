import pytest

from augcon_lib.errors import SettingsError
from augcon_lib.settings import Settings, TreeSettings
from augcon_lib.text.languages import length_preset
from augcon_lib.tree.lengths import resolve_lengths, tree_parameters
from tests.support.states import SETTINGS, with_setting


def test_zero_means_the_preset_of_the_texts_own_script() -> None:
    assert resolve_lengths(SETTINGS, "zh") == length_preset("zh")
    assert resolve_lengths(SETTINGS, "en") == length_preset("en")
    assert length_preset("zh").max_context_chars < length_preset("en").max_context_chars


def test_a_language_that_was_set_is_the_preset_of_all_texts() -> None:
    assert resolve_lengths(with_setting("tree.language", "zh"), "en") == length_preset("zh")


def test_a_length_that_was_set_wins_over_the_preset_and_leaves_the_others() -> None:
    tree = TreeSettings(max_context_chars=999, min_context_chars=77)
    settings = Settings().model_copy(update={"tree": tree})
    lengths, preset = resolve_lengths(settings, "en"), length_preset("en")
    assert (lengths.max_context_chars, lengths.min_context_chars) == (999, 77)
    assert lengths.chars_per_query == preset.chars_per_query
    quota = with_setting("selection.chars_per_query", 42)
    assert resolve_lengths(quota, "en").chars_per_query == 42


def test_tree_parameters_are_the_settings_with_lengths_resolved() -> None:
    parameters = tree_parameters(with_setting("selection.max_rouge_l", 0.4), "zh")
    assert parameters.min_context_chars == length_preset("zh").min_context_chars
    assert parameters.min_query_chars == length_preset("zh").min_query_chars
    assert (parameters.max_rouge_l, parameters.split) == (0.4, "rewrite")


def test_lambda_must_be_below_l_or_nothing_would_be_asked() -> None:
    with pytest.raises(SettingsError, match=r"min_context_chars \(5000\) must be below"):
        resolve_lengths(with_setting("tree.min_context_chars", 5000), "en")
    with pytest.raises(SettingsError, match=r"max_context_chars \(1\)"):
        resolve_lengths(with_setting("tree.max_context_chars", 1), "zh")
