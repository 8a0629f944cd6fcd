"""A synthetic document store, for measurements that need an exact number of root contexts.

All documents differ. The same arguments give the same bytes on any machine.
"""

import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

AUGCON = [sys.executable, "-c", "from augcon_assets.cli import main; main()"]
SYLLABLES = [a + b for a in "bdfghklmnprstvw" for b in "aeiou"]
WORDS_PER_SENTENCE = (7, 17)
CONTEXT_CHARS = 1_500  # below the preset of 1,600 for English
CONTEXTS_PER_DOCUMENT = 10


def make_workspace(
    root: Path, contexts: int, settings: Mapping[str, Mapping[str, object]] | None = None
) -> None:
    """Create a workspace at *root* with *contexts* root contexts of about 1,500 characters."""
    subprocess.run([*AUGCON, "init", str(root)], check=True, capture_output=True)
    write_settings(root, settings or {})
    documents = root / "documents"
    documents.mkdir(exist_ok=True)
    for number in range(0, contexts, CONTEXTS_PER_DOCUMENT):
        sections = min(CONTEXTS_PER_DOCUMENT, contexts - number)
        path = documents / f"{number // 1000:03d}" / f"{number:06d}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(document(number, sections), encoding="utf-8")


def write_settings(root: Path, settings: Mapping[str, Mapping[str, object]]) -> None:
    """Return an ``augcon.toml`` with *settings* only; all other keys have their defaults."""
    lines = []
    for section, values in settings.items():
        lines.append(f"[{section}]")
        lines += [f"{name} = {_toml(value)}" for name, value in values.items()]
    (root / "augcon.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def document(seed: int, sections: int) -> str:
    """Return Markdown with the given number of sections, each of them one root context."""
    rng = random.Random(seed)
    vocabulary = ["".join(rng.choices(SYLLABLES, k=rng.randint(1, 4))) for _ in range(400)]
    parts = []
    for section in range(sections):
        sentences: list[str] = []
        while sum(map(len, sentences)) + len(sentences) < CONTEXT_CHARS - 120:
            words = rng.choices(vocabulary, k=rng.randint(*WORDS_PER_SENTENCE))
            sentences.append(" ".join(words).capitalize() + ".")
        parts.append(f"# Section {seed + section}\n\n{' '.join(sentences)}\n")
    return "\n".join(parts)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
