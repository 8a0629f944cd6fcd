"""Measure the cost of an endpoint that fails in fourteen ways, and its effect on the dataset.

    python benchmarks/faults.py SERVER [--seed 0] [--contexts 100] [--rate 0.02]

Runs the whole pipeline twice over the same store against a mock endpoint (see mock_endpoint.py):
once without faults, once with all faults together, each at the given rate. Prints the calls issued
and their ratio, failed documents, rejections by stage and reason, and how the rows compare. A
question whose answer had to be repaired may have another answer, because the prompt differed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from mock_endpoint import MockEndpoint, mock_endpoint
from synthetic_store import AUGCON, make_workspace

HTTP_FAULTS = ("429", "500", "503", "slow", "hang", "reset", "close", "partial")
FAULTS = (*HTTP_FAULTS, "badjson", "html", "cut", "garble", "empty", "null")
SETTINGS = {
    "tree": {"max_rounds": 2},
    "scorer": {"pairs_per_negative_kind": 50},
    "responses": {"search_trials": 2, "few_shot_count": 1},
}
TIMEOUT_SECONDS = 2  # a call takes 20 ms, a "slow" one 0.4 s; "hang" never ends


def run(workspace: Path, server: MockEndpoint) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run *workspace* and return the summary of the run and the status."""
    env = {**os.environ, **server.environment(AUGCON_MODEL__TIMEOUT_SECONDS=str(TIMEOUT_SECONDS))}
    found = []
    for command in (("run", "--yes"), ("status",)):
        ran = subprocess.run(
            [*AUGCON, *command, "--json", "--workspace", str(workspace)],
            env=env,
            capture_output=True,
            text=True,
        )
        if ran.returncode not in (0, 1):
            sys.exit(ran.stderr)
        found.append(json.loads(ran.stdout))
    return found[0], found[1]


def export(workspace: Path, folder: Path, pattern: str = "*.jsonl") -> list[str]:
    """Return the rows of the dataset and its lineage, as lines, from files matching *pattern*."""
    command = [*AUGCON, "export", str(folder), "--workspace", str(workspace)]
    subprocess.run(command, check=True, capture_output=True)
    files = sorted(folder.glob(pattern))
    return [line for path in files for line in path.read_text("utf-8").splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("server", type=Path)
    parser.add_argument("--contexts", type=int, default=100)
    parser.add_argument("--rate", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=0, help="seed of the server's faults")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_workspace(folder / "fresh", options.contexts, SETTINGS)
        issued, rows = {}, {}
        for kind, rate in (("without", 0.0), ("with", options.rate)):
            faults = [part for fault in FAULTS for part in ("--fault", f"{fault}:{rate}") if rate]
            arguments = ("--slots", "64", "--latency", "20", "--retry-after", "0.1", *faults)
            arguments += ("--seed", str(options.seed))
            with mock_endpoint(options.server, *arguments) as server:
                shutil.copytree(folder / "fresh", folder / kind)
                summary, status = run(folder / kind, server)
                seen = server.stats()["faults"]
            rows[kind] = export(folder / kind, folder / f"export-{kind}", "train.jsonl")
            issued[kind] = summary["model_calls"]["issued"]
            print(f"{kind} faults: {issued[kind]} calls issued, {len(rows[kind])} rows")
            print(f"  documents {summary['documents']}, failures {summary['failures']}")
            print(f"  rejections {status['rejections']}")
            if rate:
                print(f"  faults served: {seen}")
    same = len(set(rows["without"]) & set(rows["with"]))
    print(f"calls with faults / without: {issued['with'] / issued['without']:.3f}")
    print(f"byte-identical: {rows['without'] == rows['with']}; rows in both: {same}")


if __name__ == "__main__":
    main()
