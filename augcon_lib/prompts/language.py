"""Which language a prompt is written in, by the language of the passage."""

PROMPT_LANGUAGES = ("en", "zh")


def prompt_language(language: str) -> str:
    """Return ``zh`` for any Chinese, else ``en``: those prompts request the passage's language."""
    return "zh" if language.lower().replace("_", "-").split("-")[0] == "zh" else "en"
