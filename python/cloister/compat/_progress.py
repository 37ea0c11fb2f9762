"""Progress of the compatibility layers' long calls, where it is asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from cloister.progress import Bars, ProgressCallback


class _Shown(threading.local):
    """The bar of each thread's call."""

    def __init__(self) -> None:
        self.bars = Bars()


_shown = _Shown()
_MOMENT_S = 0.1
_wanted: bool | ProgressCallback = False


def show_progress(progress: bool | ProgressCallback = True) -> None:
    """Have calls of the compatibility layers that take longer than a moment show a bar, or tell a callable.

    True shows bars, a callable is called with (stage, done, total, note) up to ten times a second and may raise to end the
    call, False, as it is at first, shows nothing. It holds for the process. Ctrl-C ends calls in any case.
    """
    global _wanted
    _wanted = progress


def tell(stage: str, done: int, total: int, note: str = "") -> None:
    """Of a call's loop: how much of it is done."""
    if callable(_wanted):
        _wanted(stage, done, total, note)
    elif _wanted:
        _shown.bars(stage, done, total, note)
        if done == total:
            _shown.bars.close()


def told(steps: range, stage: str) -> Iterator[int]:
    """The starts of a loop's steps; where it takes longer than a moment, progress is told between them."""
    begun, silent = time.monotonic(), True
    for at in steps:
        silent = silent and time.monotonic() - begun < _MOMENT_S
        if not silent:
            tell(stage, at, steps.stop)
        yield at
    if not silent:
        tell(stage, steps.stop, steps.stop)
