"""Threads of Python encrypt side by side, and a child process shares no noise with its parent."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from phe_pairs import pair

from cloister.compat import phe
from cloister.compat.phe.arrays import power_bytes

KEY = pair(2048)
ENGINE, DECRYPTOR = KEY.public.engine, KEY.private._decryptor
PLAINTEXTS = b"".join(i.to_bytes(ENGINE.plain_bytes, "little") for i in range(64))
CIPHERTEXTS = ENGINE.encrypt(PLAINTEXTS)
WEIGHTS = power_bytes([7**20 + i for i in range(64)])


@pytest.fixture
def only_who_lets_go() -> Iterator[None]:
    """Python takes the interpreter's lock from no thread that does not release it itself."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("work", [
    lambda: ENGINE.encrypt(PLAINTEXTS),
    lambda: ENGINE.encrypt_with(PLAINTEXTS, CIPHERTEXTS),
    lambda: ENGINE.rerandomize(CIPHERTEXTS),
    lambda: ENGINE.add_clear(CIPHERTEXTS, PLAINTEXTS),
    lambda: ENGINE.multiply(CIPHERTEXTS, CIPHERTEXTS),
    lambda: ENGINE.invert(CIPHERTEXTS),
    lambda: ENGINE.power(CIPHERTEXTS, *WEIGHTS),
    lambda: ENGINE.combine(CIPHERTEXTS, *WEIGHTS),
    lambda: ENGINE.dot(CIPHERTEXTS, *WEIGHTS),
    lambda: ENGINE.check(CIPHERTEXTS),
    lambda: ENGINE.decryptor(KEY.private.p, KEY.private.q),
    lambda: DECRYPTOR.decrypt(CIPHERTEXTS),
], ids=["encrypt", "encrypt_with", "rerandomize", "add_clear", "multiply", "invert", "power", "combine", "dot", "check",
        "decryptor", "decrypt"])
def test_calls_of_the_engine_let_other_threads_run(work: Callable[[], object], only_who_lets_go: None) -> None:
    """The other thread counts; its count can change within `work` only where the engine lets go of the lock."""
    counted, ended = [0], threading.Event()

    def count() -> None:
        while not ended.is_set():
            counted[0] += 1
            time.sleep(0)  # lets go, so that the worker can come back

    thread = threading.Thread(target=count)
    thread.start()
    try:
        assert moves(counted, work)
    finally:
        ended.set()
        thread.join()


def moves(counted: list[int], work: Callable[[], object]) -> bool:
    """Whether the count changes while `work` runs, which is done again where the other thread had no processor."""
    for _ in range(10_000):
        before = counted[0]
        work()
        if counted[0] != before:
            return True
    return False


def test_two_threads_encrypt_at_once(only_who_lets_go: None) -> None:
    """A thread that comes back from a call and finds the other within one: it lost the lock there, and nowhere else."""
    within = {"a": False, "b": False}
    met: set[str] = set()

    def worker(name: str, other: str) -> None:
        for _ in range(10_000):
            within[name] = True
            ENGINE.encrypt(PLAINTEXTS)
            within[name] = False
            if within[other]:
                met.add(name)
            if met:
                break

    threads = [threading.Thread(target=worker, args=names) for names in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met


def test_many_threads_encrypt_rightly() -> None:
    """Single numbers share noise that is made ahead; each factor is given out once."""
    made: list[list[int]] = [[] for _ in range(8)]

    def worker(i: int) -> None:
        made[i] = [KEY.public.raw_encrypt(i) for _ in range(50)]

    threads = [threading.Thread(target=worker, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The factor of (1 + i n) r is r modulo n.
    assert len({c % KEY.public.n for numbers in made for c in numbers}) == 400
    assert [KEY.private.raw_decrypt(numbers[-1]) for numbers in made] == list(range(8))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_process_has_noise_of_its_own() -> None:
    KEY.public.raw_encrypt(0)  # noise for more is at hand now
    width = 2 * KEY.public.engine.cipher_bytes
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            numbers = [KEY.public.raw_encrypt(0) for _ in range(40)]
            right = KEY.private.raw_decrypt(numbers[0]) == 0 and KEY.private.decrypt_vector(KEY.public.encrypt_vector([7]))[0] == 7
            os.write(write, b"".join(c.to_bytes(width, "big") for c in numbers) if right else b"")
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    mine = {KEY.public.raw_encrypt(0) for _ in range(40)}
    with os.fdopen(read, "rb") as pipe:
        data = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    theirs = {int.from_bytes(data[at : at + width], "big") for at in range(0, len(data), width)}
    assert len(theirs) == 40 and not mine & theirs




def test_the_number_of_threads_changes_no_result() -> None:
    expected = KEY.private.decrypt_vector(KEY.public.encrypt_vector(range(100)) * 3).tolist()
    before = KEY.public.engine
    try:
        phe.set_threads(1)
        assert KEY.public.engine is not before
        assert KEY.private.decrypt_vector(KEY.public.encrypt_vector(range(100)) * 3).tolist() == expected
    finally:
        phe.set_threads(0)
    with pytest.raises(ValueError, match="fewer than none"):
        phe.set_threads(-1)
