"""How the driver speaks with the sides that it compares: each is a process of its own, which sets up its
parameters and keys, then answers every line on its standard input with one line of JSON.

  info                 what the side is: library, parameters, threads
  sizes                bytes of what travels
  operations           {"operations": [NAME, ...]}
  run NAME COUNT       {"ns": [...]}: the time of each of COUNT repetitions
  check NAME           {"error": ..., "bound": ...}: of what the last repetition gave
  quit                 ends it, as does the end of input

A request that fails is answered with {"failed": REASON}.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from bench.machine import ONE_THREAD, ROOT


class SideError(RuntimeError):
    """A side could not start, ended, or could not do what it was asked."""


@dataclass(frozen=True)
class Operation:
    """What a side can do: one timed repetition in ns, and the largest error of its result with its bound."""

    run_ns: Callable[[], int]
    check: Callable[[], tuple[float, float]]


Description = Callable[[], Mapping[str, Any]]


def largest(errors: Iterable[float]) -> float:
    """Infinity where one of them is no number, which max() would pass over."""
    return max(math.inf if math.isnan(error) else error for error in errors)


def answer(line: str, info: Description, sizes: Description,
           operations: Mapping[str, Operation]) -> Mapping[str, Any]:
    words = line.split()
    match words:
        case ["info"]:
            return info()
        case ["sizes"]:
            return sizes()
        case ["operations"]:
            return {"operations": sorted(operations)}
        case ["check", name]:
            error, bound = operations[name].check()
            return {"error": error, "bound": bound}
        case ["run", name, count] if int(count) > 0:
            return {"ns": [operations[name].run_ns() for _ in range(int(count))]}
    raise ValueError(f"'{line.strip()}' is no request")


def serve(info: Description, sizes: Description, operations: Mapping[str, Operation],
          requests: IO[str] = sys.stdin, replies: IO[str] = sys.stdout) -> None:
    """The loop of a side that is written in Python."""
    for line in requests:
        if line.strip() == "quit":
            return
        try:
            reply = answer(line, info, sizes, operations)
        except Exception as error:  # whatever a library throws is the driver's to report
            reply = {"failed": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=replies, flush=True)


class Side:
    """The driver's end of a side."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self.name = name
        own = {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            self._process = subprocess.Popen(
                list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env={**os.environ, **own, **(ONE_THREAD if environment is None else environment)})
        except OSError as error:
            raise SideError(f"{name} cannot be started: {error}") from error

    def ask(self, request: str) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(request + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise SideError(f"{self.name} ended with status {self._process.wait()} when asked to {request}")
        try:
            reply = json.loads(line)
        except ValueError as error:
            raise SideError(f"{self.name} answered {line.strip()!r}, which is not JSON") from error
        if not isinstance(reply, dict):
            raise SideError(f"{self.name} answered {line.strip()!r}, which is no object")
        if "failed" in reply:
            raise SideError(f"{self.name} could not {request}: {reply['failed']}")
        return reply

    def run_ns(self, operation: str, count: int) -> list[int]:
        ns = self.ask(f"run {operation} {count}")["ns"]
        if len(ns) != count:
            raise SideError(f"{self.name} gave {len(ns)} times of {operation} instead of {count}")
        return ns

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.communicate("quit\n")

    def __enter__(self) -> Side:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
