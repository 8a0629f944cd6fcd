"""Which language a prompt is written in, by the language of the passage."""

PROMPT_LANGUAGES = ("en", "zh")


def prompt_language(language: str) -> str:
    """``zh`` for every kind of Chinese, else ``en``: those prompts ask for the passage's own."""
    return "zh" if language.lower().replace("_", "-").split("-")[0] == "zh" else "en"
