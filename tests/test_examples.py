import subprocess
import sys
from pathlib import Path

import pytest

from augcon_lib.model import validate_model_settings
from augcon_lib.settings import load_settings

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.mark.parametrize("name", ["ollama", "vllm", "table"])
def test_example_settings_are_valid(name: str) -> None:
    settings = load_settings(EXAMPLES / name / "augcon.toml")
    validate_model_settings(settings)
    assert settings.model.provider == "openai"


def test_the_library_grows_a_tree_by_itself(tmp_path: Path) -> None:
    document = tmp_path / "tea.md"
    document.write_text(
        "# Tea\n\nGreen tea is steeped for two minutes at eighty degrees, or it turns bitter. "
        "Black tea takes boiling water and four minutes. Leaves may be used twice.\n",
        encoding="utf-8",
    )
    script = EXAMPLES / "grow_one_tree.py"
    ran = subprocess.run(
        [sys.executable, str(script), str(document)], capture_output=True, text=True, check=True
    )
    first = ran.stdout.splitlines()[0]
    assert first.startswith("[0:")
    assert first.endswith("?")
