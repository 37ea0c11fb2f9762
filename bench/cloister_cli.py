"""Runs Cloister's programs in a folder, as a user does, and measures each process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.machine import program


@dataclass(frozen=True)
class Step:
    """A process that ended well: what it printed, and what it took from its start to its end."""

    output: dict[str, Any]
    seconds: float
    processor_seconds: float  # of all its threads
    peak_bytes: int  # maximum resident set; not below that of this Python process, which it starts as


class Folder:
    """A folder with an owner's and a server's part."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, *words: str | int | Path, by: str = "cloister", quiet: bool = False) -> Step:
        """A verb, whose messages are shown unless it is to be quiet."""
        command = [str(program(by)), *map(str, words), "--json"]
        start = time.perf_counter()
        with subprocess.Popen(command, cwd=self.path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL if quiet else None) as process:
            assert process.stdout
            text = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"`{by} {' '.join(command[1:])}` failed{'' if quiet else '; its message is above'}")
        return Step(json.loads(text), seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)

    def kernel_target(self) -> str:
        return self.run("info", "--cpu").output["cpu"]["chosen"]

    def remove(self, *names: str) -> None:
        for name in names:
            (self.path / name).unlink(missing_ok=True)

    def bytes_of(self, *names: str) -> int:
        return sum((self.path / name).stat().st_size for name in names)


def announce(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
