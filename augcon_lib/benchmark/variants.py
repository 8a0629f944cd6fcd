"""The compared variants: AugCon, the ablations of section 4.4, the baselines of section 4.1."""

from collections.abc import Mapping

from augcon_lib.errors import SettingsError
from augcon_lib.settings import Settings

# Changes to the settings, by name; the first is all of AugCon.
VARIANTS: Mapping[str, Mapping[str, Mapping[str, object]]] = {
    "cst": {"tree": {"strategy": "cst"}},
    "direct": {"tree": {"strategy": "direct"}},
    "middle": {"tree": {"strategy": "middle"}},
    "no_scorer": {"tree": {"strategy": "cst"}, "scorer": {"kind": "none"}},
    "plain_responses": {"tree": {"strategy": "cst"}, "responses": {"plain": True}},
    "context_instruct": {"tree": {"strategy": "context_instruct"}},
    "etrc": {"tree": {"strategy": "etrc"}},
    "adaptllm": {"tree": {"strategy": "adaptllm"}},
}
FULL = "cst"


def variant_settings(settings: Settings, name: str) -> Settings:
    """*settings* with the changes of the variant *name*; raises ``SettingsError``."""
    if name not in VARIANTS:
        raise SettingsError(f"--strategy {name}: unknown; use one of {', '.join(VARIANTS)}")
    return settings.model_copy(
        update={
            section: getattr(settings, section).model_copy(update=dict(changes))
            for section, changes in VARIANTS[name].items()
        }
    )
