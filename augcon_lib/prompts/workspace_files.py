"""The files that users of a workspace write: principles and few-shot examples (section 3.4)."""

from pathlib import Path

from augcon_lib.errors import SettingsError
from augcon_lib.prompts.json_lines import BadLine, read_rows
from augcon_lib.records import FewShotExample

EXAMPLE_KEYS = {"context": str, "question": str, "answer": str}


def load_principles(path: Path) -> str:
    """Read the constitution P at *path*; raises ``SettingsError`` if it is missing or empty."""
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read ({error.strerror}); write the principles for all answers into "
            "it, or copy the file of a new workspace: augcon init DIR"
        ) from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 ({error.reason} at {error.start})") from None
    if not text:
        raise SettingsError(f"{path} is empty; write the principles for all answers into it")
    return text


def load_few_shot_examples(path: Path) -> tuple[FewShotExample, ...]:
    """Read the human-written examples E_R from the JSONL file at *path*, in its order.

    Raises ``SettingsError``: the file is missing, or a line is not an object with the texts
    ``context``, ``question`` and ``answer``, none blank.
    """
    try:
        return tuple(
            FewShotExample(row["context"].strip(), row["question"].strip(), row["answer"].strip())
            for row in read_rows(path, EXAMPLE_KEYS)
        )
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read ({error.strerror}); write examples into it, one JSON object "
            "per line with context, question and answer, or copy those of: augcon init DIR"
        ) from None
    except BadLine as error:
        raise SettingsError(str(error)) from None
