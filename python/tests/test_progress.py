"""Long calls of the compatibility layers tell how far they are, and end at Ctrl-C."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import cloister.compat
import cloister.compat.tenseal as ts
import numpy as np
import pytest
from phe_pairs import pair
from tenseal_pair import sides

Told = list[tuple[str, int, int]]


class Stop(Exception):
    """What a caller's own progress ends a call with."""


@pytest.fixture
def told() -> Iterator[Told]:
    """What long calls tell, once keys are made."""
    sides(), pair(2048)
    all_told: Told = []
    cloister.compat.show_progress(lambda stage, done, total, note: all_told.append((stage, done, total)))
    yield all_told
    cloister.compat.show_progress(False)


def encrypt_tensor(count: int) -> Any:
    return ts.ckks_tensor(sides()[0].context, np.zeros(count))



def encrypt_numbers(count: int) -> None:
    pair(2048).public.encrypt_vector(range(count))


#: Each takes seconds, of which a test spends the first few tenths.
LONG: list[Callable[[], Any]] = [lambda: encrypt_tensor(20_000), lambda: encrypt_numbers(100_000)]


@pytest.mark.parametrize("call", LONG)
def test_what_progress_raises_ends_the_call(call: Callable[[], Any]) -> None:
    seen: list[tuple[int, int]] = []

    def stop(stage: str, done: int, total: int, note: str) -> None:
        seen.append((done, total))
        raise Stop

    cloister.compat.show_progress(stop)
    try:
        with pytest.raises(Stop):
            call()
    finally:
        cloister.compat.show_progress(False)
    ((done, total),) = seen
    assert 0 <= done < total


@pytest.mark.parametrize("call", LONG)
def test_control_c_ends_the_call(call: Callable[[], Any], told: Told) -> None:
    timer = threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        call()
    timer.join()
    assert all(done < total for _, done, total in told)


def test_a_call_tells_how_far_it_is(told: Told) -> None:
    tensor = encrypt_tensor(3_000)
    assert tensor.shape == [3_000]
    counts = [done for _, done, _ in told]
    assert {stage for stage, _, _ in told} == {"ciphertexts"}
    assert {total for _, _, total in told} == {3_000}
    assert counts == sorted(counts) and len(counts) >= 2 and counts[-1] == 3_000


def test_bars_come_and_go(capsys: pytest.CaptureFixture[str]) -> None:
    cloister.compat.show_progress()
    try:
        encrypt_tensor(3_000)
    finally:
        cloister.compat.show_progress(False)
    shown = capsys.readouterr().err
    assert "ciphertexts: 100%" in shown
    encrypt_tensor(3_000)
    assert capsys.readouterr().err == ""
