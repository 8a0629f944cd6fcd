"""Measure the output tokens of the two split modes per selected query, on a folder of documents.

    python benchmarks/split_modes.py SERVER DOCUMENTS

Each mode runs the whole pipeline in its own workspace against a mock endpoint without latency (see
mock_endpoint.py). Besides the tokens, prints what the selected queries cover: the share of the
corpus's topics with a query, by `augcon evaluate`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from mock_endpoint import mock_endpoint
from synthetic_store import AUGCON, make_workspace


def augcon(workspace: Path, env: dict[str, str], *command: str) -> dict[str, Any]:
    ran = subprocess.run(
        [*AUGCON, *command, "--json", "--workspace", str(workspace)],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
    )
    if ran.returncode not in (0, 1):  # 1: some documents contain no text
        sys.exit(ran.stderr)
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def measure(workspace: Path, env: dict[str, str]) -> dict[str, float]:
    augcon(workspace, env, "run", "--yes")
    spend = augcon(workspace, env, "spend")["spend"]
    tokens = {row["name"]: row["output_tokens"] for row in spend}
    return {
        "kept": augcon(workspace, env, "status")["counts"]["selected_queries"],
        "tree tokens": tokens["cst_nodes"],
        "all tokens": sum(tokens.values()),
        "coverage": augcon(workspace, env, "evaluate")["topics"]["coverage"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("server", type=Path)
    parser.add_argument("documents", type=Path)
    options = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        for split in ("rewrite", "boundary"):
            workspace = Path(name) / split
            source = {"uri": str(options.documents.resolve())}
            make_workspace(workspace, 0, {"source": source, "tree": {"split": split}})
            with mock_endpoint(options.server, "--slots", "256", "--latency", "0") as server:
                env = server.environment(AUGCON_MODEL__MAX_CONCURRENCY="64")
                found[split] = measure(workspace, env)
            each = found[split]
            print(
                f"{split:<9} {each['kept']:>6,} queries kept, output tokens for each: "
                f"{each['tree tokens'] / each['kept']:.1f} of the trees, "
                f"{each['all tokens'] / each['kept']:.1f} in all; "
                f"topics covered {each['coverage']:.3f}",
                flush=True,
            )
    per_query = {
        split: [each[kind] / each["kept"] for kind in ("tree tokens", "all tokens")]
        for split, each in found.items()
    }
    of_trees, of_all = (
        boundary / rewrite
        for boundary, rewrite in zip(per_query["boundary"], per_query["rewrite"], strict=True)
    )
    print(f"boundary over rewrite: {of_trees:.3f} of the trees, {of_all:.3f} in all")


if __name__ == "__main__":
    main()
