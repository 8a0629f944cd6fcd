"""`kill -9` at random moments of one run: what is lost, and what is paid for again.

    python benchmarks/kill.py SERVER [--kills 50] [--contexts 40] [--seed 0]

One workspace runs undisturbed, a copy of it is killed as often as asked at random numbers of calls
and goes on each time. After each kill the journal is checked by SQLite. Prints the calls that were
sent although the server had answered the same prompt before (at most those in flight at the kills
may be: on the wire, or on their way into the journal), and whether the exports are equal byte for
byte.
"""

import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from faults import SETTINGS, export
from mock_endpoint import MockEndpoint, mock_endpoint
from synthetic_store import AUGCON, make_workspace

IN_FLIGHT = 16
POLL_SECONDS = 0.01


def start(workspace: Path, server: MockEndpoint) -> subprocess.Popen[bytes]:
    env = server.environment(AUGCON_MODEL__MAX_CONCURRENCY=str(IN_FLIGHT))
    return subprocess.Popen(
        [*AUGCON, "run", "--yes", "--workspace", str(workspace)],
        env={**os.environ, **env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def killed_at(calls: int, process: subprocess.Popen[bytes], server: MockEndpoint) -> bool:
    """Kill *process* once the server has seen so many calls; False if it ended before."""
    while process.poll() is None:
        if server.stats()["arrived"] >= calls:
            process.send_signal(signal.SIGKILL)
            return process.wait() == -signal.SIGKILL
        time.sleep(POLL_SECONDS)
    return False


def check_journal(workspace: Path) -> str:
    """What SQLite says about the journal."""
    connection = sqlite3.connect(workspace / "state" / "journal.sqlite")
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("server", type=Path)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--contexts", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with (
        tempfile.TemporaryDirectory() as name,
        mock_endpoint(
            options.server, "--slots", str(IN_FLIGHT), "--latency", "50", "--jitter", "0.5"
        ) as server,
    ):
        folder = Path(name)
        make_workspace(folder / "killed", options.contexts, SETTINGS)
        shutil.copytree(folder / "killed", folder / "undisturbed")
        if start(folder / "undisturbed", server).wait():
            sys.exit("the undisturbed run failed")
        calls = server.stats()["finished"]
        server.reset(forget_prompts=True)
        moments = sorted(rng.sample(range(1, calls), options.kills))
        kills, clean, repeated = 0, True, [0]
        for moment in moments:
            kills += killed_at(moment, start(folder / "killed", server), server)
            clean = clean and check_journal(folder / "killed") == "ok"
            repeated.append(server.stats()["repeat_of_ok"])
        if start(folder / "killed", server).wait():
            sys.exit("the run after the kills failed")
        stats = server.stats()
        equal = export(folder / "undisturbed", folder / "a") == export(
            folder / "killed", folder / "b"
        )
        print(f"calls undisturbed {calls}, with {kills} kills {stats['arrived']}")
        repeated.append(stats["repeat_of_ok"])
        most = max(after - before for before, after in pairwise(repeated))
        print(f"answered prompts sent again: {repeated[-1]}; after one kill at most {most}")
        print(f"in flight at a kill: at most {IN_FLIGHT} calls, a quarter as many replies besides")
        print(f"calls that a kill took off the wire: {stats['aborted']}")
        print(f"journal clean after each kill: {clean}; exports equal: {equal}")


if __name__ == "__main__":
    main()
