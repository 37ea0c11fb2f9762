"""Progress of long calls: tqdm bars, or whatever a caller passes."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol

#: Called with (stage, done, total, note); what it raises ends the call.
ProgressCallback = Callable[[str, int, int, str], None]


class _Closable(Protocol):
    def __enter__(self) -> ProgressCallback | None: ...

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None: ...


class Bars:
    """A progress callback that shows a bar for each stage."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._stage = ""

    def __call__(self, stage: str, done: int, total: int, note: str) -> None:
        if self._bar is None or stage != self._stage:
            # Where a bar is wanted: in a notebook without ipywidgets the import warns.
            from tqdm.auto import tqdm

            self.close()
            self._bar, self._stage = tqdm(total=total, desc=stage, leave=False), stage
        self._bar.total = total
        self._bar.n = done
        self._bar.set_postfix_str(note, refresh=False)
        self._bar.refresh()

    def close(self) -> None:
        """Takes the bar away."""
        if self._bar is not None:
            self._bar.close()
        self._bar = None


class _Shown:
    def __init__(self, progress: bool | ProgressCallback | None) -> None:
        self._bars = Bars() if progress is True else None
        self._callback = self._bars if self._bars else progress if callable(progress) else None

    def __enter__(self) -> ProgressCallback | None:
        return self._callback

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._bars:
            self._bars.close()


def shown(progress: bool | ProgressCallback | None) -> _Closable:
    """What long calls take: True shows a bar for each stage, a callable is called, anything else shows nothing."""
    return _Shown(progress)
