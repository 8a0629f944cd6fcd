"""Measure the peak memory of `augcon run` over very many root contexts.

    python benchmarks/memory.py SERVER [--contexts 100000]

Runs a synthetic store against a mock endpoint without latency (see mock_endpoint.py). Each tree has
one node, so that only the number of contexts matters. Prints the peak resident size of each stage's
process and the limit of 1.5 GB.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mock_endpoint import mock_endpoint
from synthetic_store import AUGCON, make_workspace

SETTINGS = {
    "tree": {"min_context_chars": 1_300, "max_rounds": 1},
    "scorer": {"pairs_per_negative_kind": 50},
    "responses": {"search_trials": 1, "few_shot_count": 1},
}
LIMIT_GB = 1.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("server", type=Path)
    parser.add_argument("--contexts", type=int, default=100_000)
    parser.add_argument("--until", action="append", help="default: raw_corpus, then cst_nodes")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        mock_endpoint(options.server, "--slots", "256", "--latency", "0") as server,
    ):
        workspace = Path(name) / "workspace"
        make_workspace(workspace, options.contexts, SETTINGS)
        env = {**os.environ, **server.environment()}
        for asset in options.until or ("raw_corpus", "cst_nodes"):
            start = time.monotonic()
            command = [*AUGCON, "run", "--yes", "--until", asset, "--workspace", str(workspace)]
            if subprocess.run(command, env=env, stdout=subprocess.DEVNULL).returncode:
                sys.exit(f"the run until {asset} failed")
            peak_gb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e9
            print(
                f"until {asset}: {options.contexts} contexts, {time.monotonic() - start:.0f} s, "
                f"largest process so far {peak_gb:.3f} GB (limit {LIMIT_GB})",
                flush=True,
            )
        print(f"model calls: {server.stats()['finished']}")


if __name__ == "__main__":
    main()
