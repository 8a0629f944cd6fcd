"""Measure how busy `augcon run` keeps an endpoint, next to a thread pool and a bare aiohttp loop.

    python benchmarks/saturation.py SERVER [--case 256x200] [--case 256x2000~0.8] [--contexts 3000]
        [--split rewrite] [--stage cst_nodes] [--calls-per-slot 1.25] [--peers] [--profile]

SERVER is the program of a mock endpoint (see mock_endpoint.py). A case is slots x milliseconds per
call, with an optional jitter after ``~``. For each case, a workspace of --contexts root contexts is
made, everything before the stage is run with the embedded offline provider, and the stage alone
runs against the server. The table shows, from the server's own counters,

used       busy slot-seconds over slots times the window from the first arrival to the last answer
calls/s    answered calls over the same window
cpu ms     CPU time of the whole command over its calls: start-up, warehouse and events included
           (for the peers, of their process)
server ms  CPU time of the server per call, on the machine's other cores

``--peers`` adds a thread pool of 8 over the `openai` package's typed method, and a bare loop over
aiohttp, each sending prompts of the same length. ``--profile`` shows where the CPU time goes, by
samples of py-spy, which must be installed (its own overhead makes `cpu ms` higher than the
command's).
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mock_endpoint import MODEL, MockEndpoint, mock_endpoint
from synthetic_store import AUGCON, document, make_workspace

POOL_THREADS = 8
COLUMNS = ("", "used", "calls/s", "calls", "cpu ms", "server ms")
STAGES = ("raw_corpus", "cst_nodes", "scored_queries", "responses")
# A sample counts for the innermost frame whose file or function is named here.
LAYERS = (
    ("openai", "openai/"),
    ("httpx2", "httpx2/"),
    ("aiohttp", "aiohttp/"),
    ("journal", "augcon_lib/model/journal"),
    ("engine", "augcon_lib/model/"),
    ("warehouse", "augcon_lib/warehouse/"),
    ("trees", "augcon_lib/"),
    ("dagster", "dagster/"),
    ("assets", "augcon_assets/"),
    ("asyncio", "asyncio/"),
    ("imports", "importlib"),
)


@dataclass(frozen=True)
class Case:
    slots: int
    latency_ms: float
    jitter: float

    @classmethod
    def parse(cls, text: str) -> "Case":
        size, _, jitter = text.partition("~")
        slots, _, latency = size.partition("x")
        return cls(int(slots), float(latency), float(jitter or 0))

    def __str__(self) -> str:
        jitter = f" ~{self.jitter:g}" if self.jitter else ""
        return f"{self.slots} x {self.latency_ms:g} ms{jitter}"


def augcon(
    workspace: Path, env: dict[str, str], *arguments: str, wrapped: tuple[str, ...] = ()
) -> dict[str, Any]:
    ran = subprocess.run(
        [*wrapped, *AUGCON, "run", "--yes", "--json", *arguments, "--workspace", str(workspace)],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
    )
    if ran.returncode:
        sys.exit(ran.stderr)
    found: dict[str, Any] = json.loads(
        ran.stdout[ran.stdout.index("{") : ran.stdout.rindex("}") + 1]
    )
    return found


def cpu_of_children() -> float:
    times = os.times()
    return times.children_user + times.children_system


def row(name: str, stats: dict[str, Any], cpu_seconds: float, server_cpu: float) -> str:
    calls = stats["finished"]
    return (
        f"{name:<34} {stats['utilisation']:>6.3f} {stats['calls_per_s']:>8.0f} {calls:>8} "
        f"{cpu_seconds / calls * 1e3:>7.3f} {server_cpu / calls * 1e3:>10.3f}"
    )


def measure_augcon(
    server: MockEndpoint, prepared: Path, case: Case, options: argparse.Namespace
) -> str:
    workspace = prepared.with_name("measured")
    shutil.copytree(prepared, workspace)
    samples = prepared.with_name("samples.txt")
    wrapped = ("py-spy", "record", "-r", "100", "-f", "raw", "-o", str(samples), "--")
    concurrency = round(case.slots * options.calls_per_slot)
    env = server.environment(AUGCON_MODEL__MAX_CONCURRENCY=str(concurrency))
    server.reset(forget_prompts=True)
    before, server_before = cpu_of_children(), server.stats()["cpu_s"]
    augcon(
        workspace,
        env,
        "--until",
        options.stage,
        wrapped=wrapped if options.profile else (),
    )
    stats, cpu_seconds = server.stats(), cpu_of_children() - before
    shutil.rmtree(workspace)
    if options.profile:
        print(layers(samples))
    name = f"augcon {options.stage} {options.split}"
    return row(name, stats, cpu_seconds, stats["cpu_s"] - server_before)


def layers(samples: Path) -> str:
    """Return the shares of the samples, by layer."""
    found: Counter[str] = Counter()
    for line in samples.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        layer = "other"
        for frame in reversed(stack.split(";")):
            named = [name for name, part in LAYERS if part in frame]
            if named:
                layer = named[0]
                break
        found[layer] += int(count)
    parts = [f"{name} {n / found.total():.1%}" for name, n in found.most_common()]
    return f"shares of CPU time: {', '.join(parts)}"


def prompts(count: int) -> list[dict[str, Any]]:
    """Return request bodies as long as those of a root context."""
    system = "Ask one question about the passage and split it in two. " * 20
    passages = (document(number, 1) for number in range(count))
    return [
        {
            "model": MODEL,
            "temperature": 0.85,
            "messages": [
                {"role": "system", "content": system},
                {"role": "user", "content": f"<context>\n{passage}\n</context>"},
            ],
        }
        for passage in passages
    ]


async def bare_loop(url: str, bodies: list[dict[str, Any]], concurrency: int) -> None:
    import aiohttp

    left = iter(bodies)
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def worker() -> None:
            for body in left:
                async with session.post(f"{url}/chat/completions", json=body) as response:
                    json.loads(await response.read())["choices"][0]["message"]["content"]

        await asyncio.gather(*(worker() for _ in range(concurrency)))


def thread_pool(url: str, bodies: list[dict[str, Any]]) -> None:
    from openai import OpenAI

    client = OpenAI(base_url=url, api_key="none", max_retries=0)
    with ThreadPoolExecutor(POOL_THREADS) as pool:
        list(pool.map(lambda body: client.chat.completions.create(**body), bodies))


def measure_peers(server: MockEndpoint, case: Case, options: argparse.Namespace) -> list[str]:
    concurrency = round(case.slots * options.calls_per_slot)
    calls_per_second = case.slots * 1e3 / case.latency_ms
    many = round(calls_per_second * options.peer_seconds)
    few = round(POOL_THREADS * 1e3 / case.latency_ms * min(options.peer_seconds, 10))
    rows = []
    for name, bodies in (("thread pool of 8", few), ("bare aiohttp loop", many)):
        sent = prompts(max(bodies, 2 * POOL_THREADS))
        server.reset(forget_prompts=True)
        server_before, before = server.stats()["cpu_s"], time.process_time()
        if name.startswith("thread"):
            thread_pool(server.base_url, sent)
        else:
            asyncio.run(bare_loop(server.base_url, sent, concurrency))
        stats = server.stats()
        cpu_seconds = time.process_time() - before
        rows.append(row(name, stats, cpu_seconds, stats["cpu_s"] - server_before))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("server", type=Path)
    parser.add_argument("--case", action="append", type=Case.parse)
    parser.add_argument("--contexts", type=int, default=3_000)
    parser.add_argument("--split", choices=("rewrite", "boundary"), default="rewrite")
    parser.add_argument("--stage", choices=("cst_nodes", "responses"), default="cst_nodes")
    parser.add_argument("--calls-per-slot", type=float, default=1.25)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--peer-seconds", type=float, default=30.0)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    os.environ["AUGCON_TREE__SPLIT"] = options.split
    cases = options.case or [Case(256, 200, 0), Case(64, 50, 0), Case(16, 200, 0)]
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "workspace"
        make_workspace(prepared, options.contexts)
        for case in cases:
            arguments = (
                "--slots",
                case.slots,
                "--latency",
                case.latency_ms,
                "--jitter",
                case.jitter,
            )
            with mock_endpoint(options.server, *map(str, arguments)) as server:
                if case is cases[0]:  # a new model name would make the stage stale
                    fast = server.environment(AUGCON_MODEL__MAX_CONCURRENCY="64")
                    server.configure(latency=0.0)
                    augcon(prepared, fast, "--until", STAGES[STAGES.index(options.stage) - 1])
                    server.configure(latency=case.latency_ms / 1e3)
                print(f"\n{case}, {options.contexts} root contexts")
                print("{:<34} {:>6} {:>8} {:>8} {:>7} {:>10}".format(*COLUMNS))
                print(measure_augcon(server, prepared, case, options), flush=True)
                for line in measure_peers(server, case, options) if options.peers else []:
                    print(line, flush=True)


if __name__ == "__main__":
    main()
