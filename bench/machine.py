"""What a measurement was made with and on, and where its results go."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
PROGRAMS = BUILD / "bin"

# Of a CPU's flags, those that decide which kernels run.
FEATURES = ("sse4_2", "avx", "fma", "adx", "bmi2", "aes", "vaes", "vpclmulqdq", "sha_ni")

# Libraries that bring threads of their own are told to use one.
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


def commit() -> str:
    """Of this checkout; marked where files differ from it."""
    try:
        def git(*words: str) -> str:
            done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=True)
            return done.stdout.strip()

        return git("rev-parse", "HEAD") + (" with changes" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def parse_cpu(cpuinfo: str) -> dict[str, Any]:
    """Model and features of the first processor that /proc/cpuinfo lists."""
    fields: dict[str, str] = {}
    for line in cpuinfo.splitlines():
        name, separator, value = line.partition(":")
        if separator:
            fields.setdefault(name.strip(), value.strip())
    flags = fields.get("flags", "").split()
    return {"model": fields.get("model name", "unknown"),
            "family": " ".join(fields.get(name, "?") for name in ("cpu family", "model", "stepping")),
            "features": [flag for flag in flags if flag in FEATURES or flag.startswith("avx")]}


def cpu() -> dict[str, Any]:
    try:
        found = parse_cpu(Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        found = {"model": platform.processor() or "unknown", "features": []}
    return found | {"cores": os.cpu_count()}


def compiler() -> str:
    """That this build was configured with, as it calls itself."""
    try:
        cache = (BUILD / "CMakeCache.txt").read_text(encoding="utf-8")
        path = next(line.partition("=")[2] for line in cache.splitlines() if line.startswith("CMAKE_CXX_COMPILER:"))
        done = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
        return done.stdout.splitlines()[0]
    except (OSError, StopIteration, IndexError, subprocess.CalledProcessError):
        return "unknown"


def describe() -> dict[str, Any]:
    return {"commit": commit(), "compiler": compiler(), "cpu": cpu(), "system": platform.platform(),
            "python": platform.python_version()}


def program(name: str) -> Path:
    path = PROGRAMS / name
    if not path.exists():
        raise SystemExit(f"{path} is not there: start this with ./run bench, which builds it")
    return path


def write_json(name: str, results: dict[str, Any]) -> Path:
    path = BUILD / "bench" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return path


def conclude(name: str, results: dict[str, Any], failures: Sequence[str]) -> int:
    """Writes what a comparison found, names every wrong result, and gives the exit status."""
    path = write_json(name, describe() | results)
    print(f"\nWrote {path.relative_to(ROOT)}")
    for line in failures:
        print(f"WRONG: {line}", file=sys.stderr)
    return 1 if failures else 0
