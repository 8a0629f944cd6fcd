"""Measure what `kill -9` at random moments of a run loses, and what is paid for again.

    python benchmarks/kill.py SERVER [--kills 50] [--daemon-kills 30] [--contexts 40] [--seed 0]

One workspace runs without a kill. A copy of it is killed --kills times, each time after a random
number of calls, and continues. After each kill, SQLite checks the journal. Prints the calls that
were sent although the server had answered the same prompt before (allowed are those in flight at a
kill: on the wire, or on their way into the journal), and whether the exports are equal byte for
byte.

Then Dagster's daemon follows another copy, and runs that it launched are killed at random moments,
--daemon-kills times. After each kill, and after the next tick of the sensor, Dagster's records are
compared with the warehouse. Prints the differences left by a kill, and those left after the tick
(there must be none).
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
from functools import partial
from itertools import pairwise
from pathlib import Path

import psutil
from faults import SETTINGS, export
from followed_by_daemon import FollowedByDaemon
from mock_endpoint import MockEndpoint, mock_endpoint
from synthetic_store import AUGCON, make_workspace

IN_FLIGHT = 16
POLL_SECONDS = 0.01
IDLE_SECONDS = 10
LATEST_KILL_SECONDS = 15  # after a run has started


def start(workspace: Path, server: MockEndpoint) -> subprocess.Popen[bytes]:
    env = server.environment(AUGCON_MODEL__MAX_CONCURRENCY=str(IN_FLIGHT))
    return subprocess.Popen(
        [*AUGCON, "run", "--yes", "--workspace", str(workspace)],
        env={**os.environ, **env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def killed_at(calls: int, process: subprocess.Popen[bytes], server: MockEndpoint) -> bool:
    """Kill *process* once the server has seen this many calls; False if it ended before."""
    while process.poll() is None:
        if server.stats()["arrived"] >= calls:
            process.send_signal(signal.SIGKILL)
            return process.wait() == -signal.SIGKILL
        time.sleep(POLL_SECONDS)
    return False


def check_journal(workspace: Path) -> str:
    """Return the result of SQLite's check of the journal."""
    connection = sqlite3.connect(workspace / "state" / "journal.sqlite")
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()


def kill_commands(folder: Path, server: MockEndpoint, kills: int, rng: random.Random) -> None:
    """Kill `augcon run` on ``folder/killed`` *kills* times; compare with a copy."""
    shutil.copytree(folder / "killed", folder / "undisturbed")
    if start(folder / "undisturbed", server).wait():
        sys.exit("the undisturbed run failed")
    calls = server.stats()["finished"]
    server.reset(forget_prompts=True)
    moments = sorted(rng.sample(range(1, calls), kills))
    killed, clean, repeated = 0, True, [0]
    for moment in moments:
        killed += killed_at(moment, start(folder / "killed", server), server)
        clean = clean and check_journal(folder / "killed") == "ok"
        repeated.append(server.stats()["repeat_of_ok"])
    if start(folder / "killed", server).wait():
        sys.exit("the run after the kills failed")
    stats = server.stats()
    equal = export(folder / "undisturbed", folder / "a") == export(folder / "killed", folder / "b")
    print(f"calls undisturbed {calls}, with {killed} kills {stats['arrived']}")
    repeated.append(stats["repeat_of_ok"])
    most = max(after - before for before, after in pairwise(repeated))
    print(f"answered prompts sent again: {repeated[-1]}; after one kill at most {most}")
    print(f"in flight at a kill: at most {IN_FLIGHT} calls, a quarter as many replies besides")
    print(f"calls that a kill took off the wire: {stats['aborted']}")
    print(f"journal clean after each kill: {clean}; exports equal: {equal}")


def has_ended(process: psutil.Process) -> bool:
    return not process.is_running()


def kill_launched_runs(root: Path, server: MockEndpoint, kills: int, rng: random.Random) -> None:
    """Kill *kills* runs of a daemon that follows *root*; edit the store if everything is fresh."""
    environment = server.environment(AUGCON_MODEL__MAX_CONCURRENCY=str(IN_FLIGHT))
    followed = FollowedByDaemon(root, environment)
    documents = sorted((root / "documents").rglob("*.md"))
    killed, edits, by_kill, after_tick, clean = 0, 0, [], 0, True
    with followed.daemon():
        while killed < kills:
            if not followed.wait(lambda: bool(followed.workers()), IDLE_SECONDS):
                if followed.is_idle():
                    document = documents[edits % len(documents)]
                    edits += 1
                    text = document.read_text("utf-8")
                    document.write_text(f"{text}\nClerk number {edits} has read this.\n", "utf-8")
                continue
            worker, deadline = followed.workers()[0], rng.uniform(0, LATEST_KILL_SECONDS)
            if followed.wait(partial(has_ended, worker), deadline):
                continue
            worker.kill()
            at = time.time()
            killed += 1
            by_kill.append(len(followed.differences_at_once()))
            clean = clean and check_journal(root) == "ok"
            left = followed.differences_after_a_tick(at)
            after_tick += len(left)
            print(f"kill {killed}: {by_kill[-1]} differences, {len(left)} after a tick", flush=True)
        calm = followed.wait(lambda: not followed.workers() and followed.is_idle(), 600)
        at_end = followed.differences_after_a_tick(time.time())
    print(f"runs of the daemon killed: {killed}, with {edits} edits in between")
    print(f"kills that left differences: {sum(map(bool, by_kill))}, at most {max(by_kill)}")
    print(f"differences after the next tick: {after_tick}; at the end {len(at_end)} (calm: {calm})")
    print(f"journal clean after each kill: {clean}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("server", type=Path)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--daemon-kills", type=int, default=30)
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
        shutil.copytree(folder / "killed", folder / "followed")
        if options.kills:
            kill_commands(folder, server, options.kills, rng)
        if options.daemon_kills:
            server.reset(forget_prompts=True)
            kill_launched_runs(folder / "followed", server, options.daemon_kills, rng)


if __name__ == "__main__":
    main()
