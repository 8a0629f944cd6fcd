"""Tasks that misbehave, for a child process."""

import os
import signal
import sys
from pathlib import Path


def echo(header, body):
    return {"told": header["told"]}, body


def loop(header, body):
    while True:
        pass


def loop_after_a_word(header, body):
    with Path(header["pipe"]).open("w") as pipe:
        pipe.write("at work")
    loop(header, body)


def eat_memory(header, body):
    eaten = []
    while True:
        eaten.append(bytearray(10_000_000))


def crash(header, body):
    os.kill(os.getpid(), signal.SIGSEGV)


def write_much(header, body):
    return {}, bytes(header["size"])


def print_something(header, body):
    print("noise")
    os.write(1, b"more noise")
    return {"read": sys.stdin.read()}, b""


def about_itself(header, body):
    return {"pid": os.getpid(), "environment": dict(os.environ), "folder": str(Path.cwd())}, b""


def crash_once(header, body):
    place = Path(header["place"])
    if not place.exists():
        place.touch()
        crash(header, body)
    return {}, b"done"
