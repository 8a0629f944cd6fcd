"""What people write beside the prompts: principles and few-shot examples (section 3.4)."""

import json
from pathlib import Path

from augcon_lib.errors import SettingsError
from augcon_lib.records import FewShotExample

_KEYS = ("context", "question", "answer")


def load_principles(path: Path) -> str:
    """The text of the constitution; raises ``SettingsError`` where it is missing or empty."""
    text = _read(path, "the principles that stand before each answer").strip()
    if not text:
        raise SettingsError(f"{path} is empty; write at least one principle for the answers")
    return text


def load_few_shot_examples(path: Path) -> tuple[FewShotExample, ...]:
    """The examples, one JSON object with context, question and answer a line.

    Raises ``SettingsError`` naming file, line and key.
    """
    examples = []
    lines = _read(path, "the human-written few-shot examples").splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except ValueError as error:
            raise SettingsError(f"{where}: not JSON: {error}") from None
        if not isinstance(row, dict):
            raise SettingsError(f"{where}: wants an object with the keys {', '.join(_KEYS)}")
        for key in _KEYS:
            if not isinstance(row.get(key), str) or not row[key].strip():
                raise SettingsError(f'{where}: "{key}" is missing or no text')
        examples.append(FewShotExample(row["context"], row["question"], row["answer"]))
    return tuple(examples)


def _read(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(f"{path} is missing: it holds {what}; augcon init makes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read as UTF-8: {error}") from None
