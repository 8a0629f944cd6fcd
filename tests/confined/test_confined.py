import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from augcon_lib.confined import Limits, run_confined
from augcon_lib.confined.process import Cancelled, ConfinedProcess
from augcon_lib.errors import DocumentError

LIMITS = Limits(seconds=60, memory_bytes=400_000_000, output_bytes=10_000_000)
QUICK = Limits(seconds=2, memory_bytes=400_000_000, output_bytes=10_000_000)


def run(task, limits=LIMITS, body=b"", **header):
    return run_confined("a.md", f"tests.confined.tasks:{task}", header, body, limits)


def refusal(task, limits=LIMITS, **header):
    with pytest.raises(DocumentError) as raised:
        run(task, limits, **header)
    assert raised.value.document_id == "a.md"
    return raised.value


def test_a_task_gets_and_gives_a_header_and_bytes():
    reply, content = run("echo", body=b"\0\xff", told="caf\u00e9 \udce9")
    assert (reply["told"], content) == ("caf\u00e9 \udce9", b"\0\xff")


def test_a_task_that_never_ends_is_ended_and_the_next_one_runs():
    error = refusal("loop", QUICK)
    assert error.reason == "too_slow"
    assert "max_document_seconds" in error.message
    assert run("echo", told=1)[0]["told"] == 1


def test_a_task_that_eats_memory_is_ended_and_the_next_one_runs():
    error = refusal("eat_memory")
    assert error.reason == "too_much_memory"
    assert "max_document_megabytes" in error.message
    assert run("echo", told=1)[0]["told"] == 1


def test_a_crash_is_a_refusal_of_the_document():
    error = refusal("crash")
    assert (error.reason, "signal 11" in error.message) == ("converter_crashed", True)
    assert run("echo", told=1)[0]["told"] == 1


def test_a_child_that_somebody_ended_is_replaced(tmp_path):
    assert run("crash_once", place=str(tmp_path / "seen"))[1] == b"done"


def test_an_output_over_the_limit_is_refused():
    assert refusal("write_much", size=LIMITS.output_bytes + 1).reason == "too_large"


def test_what_a_library_prints_does_not_get_into_the_answers():
    assert run("print_something")[0]["read"] == ""


def test_an_error_that_nobody_expects_names_itself():
    error = refusal("echo")
    assert (error.reason, "KeyError" in error.message) == ("unreadable", True)


def test_a_child_sees_no_key_and_lives_on(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    child = ConfinedProcess()
    frames = [
        child.run({"task": "tests.confined.tasks:about_itself"}, b"", LIMITS, threading.Event())
        for _ in range(2)
    ]
    child.close()
    (first, _), (second, _) = frames
    assert first["pid"] == second["pid"]
    assert "sk-canary" not in str(first["environment"])
    assert first["folder"] == "/"


def test_a_child_of_a_large_parent_is_kept_for_the_next_document():
    parents_own = bytearray(300_000_000)
    parents_own[::4096] = b"1" * len(parents_own[::4096])
    child = ConfinedProcess()
    child.run({"task": "tests.confined.tasks:about_itself"}, b"", LIMITS, threading.Event())
    assert child.is_usable
    child.close()


def test_a_task_ends_when_nobody_waits_for_it():
    cancelled = threading.Event()
    cancelled.set()
    child = ConfinedProcess()
    with pytest.raises(Cancelled):
        child.run({"task": "tests.confined.tasks:loop"}, b"", LIMITS, cancelled)
    assert not child.is_usable


PARENT = """
import sys, threading
sys.path.insert(0, {root!r})
from augcon_lib.confined import Limits
from augcon_lib.confined.process import ConfinedProcess
limits = Limits(1, 400_000_000, 1_000_000)
child = ConfinedProcess()
frame = child.run({{"task": "tests.confined.tasks:about_itself"}}, b"", limits, threading.Event())
print(frame[0]["pid"], flush=True)
if {pipe!r}:
    task = {{"task": "tests.confined.tasks:loop_after_a_word", "pipe": {pipe!r}}}
    child.run(task, b"", limits, threading.Event())
sys.stdin.read()
"""


@pytest.mark.parametrize("at_work", [False, True])
def test_no_child_outlives_a_parent_that_is_killed(tmp_path, at_work):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    root = str(Path(__file__).parents[2])
    script = PARENT.format(root=root, pipe=str(pipe) if at_work else "")
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        if at_work:
            assert pipe.read_text() == "at work"
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    child.wait(timeout=60)
