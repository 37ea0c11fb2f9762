"""Two threads of Python that encrypt or train at once, each on one thread of the engine: the processors that they use."""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import cloister
import cloister.compat.tenseal as ts
from bench import machine
from bench.figures import MIN_SAMPLES, Summary, number, sample_count, table
from cloister.compat import phe

THREADS = 2
Work = Callable[[], Any]


@dataclass(frozen=True)
class Case:
    """Work for each thread, which has its own data, and what its result must be."""

    name: str
    works: Sequence[Work]
    check: Callable[[Any], bool]


def vectors() -> Case:
    values = np.random.default_rng(1).uniform(-1, 1, (100, 4096))

    def work_of(context: Any) -> Work:
        return lambda: [ts.ckks_vector(context, row) for row in values]

    works = []
    for _ in range(THREADS):
        context = ts.context(ts.SCHEME_TYPE.CKKS, 8192, coeff_mod_bit_sizes=[60, 40, 40, 60], n_threads=1)
        context.global_scale = 2.0**40
        works.append(work_of(context))
    return Case("CKKS: encrypt 100 vectors of 4,096", works,
                lambda made: np.abs(np.array(made[-1].decrypt()) - values[-1]).max() < 1e-6)


def numbers() -> Case:
    phe.set_threads(1)
    values = np.arange(1000)
    keys = [phe.generate_paillier_keypair(n_length=2048) for _ in range(THREADS)]

    def work_of(public: Any, private: Any) -> Work:
        return lambda: (private, public.encrypt_vector(values))

    return Case("Paillier: encrypt 1,000 numbers, 2048 bits", [work_of(*key) for key in keys],
                lambda made: bool((made[0].decrypt_vector(made[1]) == values).all()))


def trainings(folder: Path) -> Case:
    random = np.random.default_rng(2)
    x = random.normal(size=(400, 6)).clip(-3, 3)
    labels = (x[:, 0] > 0).astype(float)
    request: dict[str, Any] = {"iterations": 3, "method": "nesterov", "sigmoid_degree": 3}

    def work_of(i: int) -> Work:
        owner = cloister.Owner(folder / f"owner{i}", folder / f"server{i}", unprotected=True, threads=1)
        plan = owner.plan(rows=400, features=6, threads=1, **request)
        clear = plan.clear_weights(x, labels)
        owner.keygen()
        owner.encrypt_training(x, labels)
        server = cloister.Server(folder / f"server{i}", threads=1)

        def work() -> tuple[cloister.Owner, np.ndarray, float]:
            (folder / f"server{i}" / "model.enc").unlink(missing_ok=True)
            server.train()
            return owner, clear, plan.error_bound

        return work

    def near(made: tuple[cloister.Owner, np.ndarray, float]) -> bool:
        owner, clear, bound = made
        model = owner.decrypt_model()
        return float(np.linalg.norm(np.append(model.intercept, model.weights) - clear)) <= bound

    return Case("train, 400 x 6, 3 iterations", [work_of(i) for i in range(THREADS)], near)


def run(works: Sequence[Work]) -> tuple[float, float]:
    """Seconds that passed, and those of processors, while each thread did its work once."""
    start = threading.Barrier(len(works) + 1)

    def begin(work: Work) -> None:
        start.wait()
        work()

    threads = [threading.Thread(target=begin, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    wall, used = time.perf_counter(), time.process_time()
    start.wait()
    for thread in threads:
        thread.join()
    return time.perf_counter() - wall, time.process_time() - used


def measure(case: Case, samples: int) -> dict[str, Any]:
    """One thread alone and all at once, in turn, after a run of each whose result is checked."""
    for work in case.works:
        if not case.check(work()):
            raise SystemExit(f"{case.name}: the result is wrong")
    alone, together = [], []
    for _ in range(samples):
        alone.append(run(case.works[:1]))
        together.append(run(case.works))
    seconds, at_once = (Summary.of([wall for wall, _ in taken]) for taken in (alone, together))
    processors = Summary.of([used / wall for wall, used in together])
    return {"work": case.name, "alone": seconds.as_json("s"), "at_once": at_once.as_json("s"),
            "processors": processors.as_json("used"), "throughput": THREADS * seconds.median / at_once.median,
            "row": [case.name, str(seconds), str(at_once), str(processors)]}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run bench python-threads", description=__doc__)
    parser.add_argument("--samples", type=sample_count, default=MIN_SAMPLES, help="of each (default: %(default)s)")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore", UserWarning)
    with tempfile.TemporaryDirectory() as folder:
        results = [measure(case, options.samples) for case in (vectors(), numbers(), trainings(Path(folder)))]
    print(table(["median (quartiles)", "one thread, s", "two at once, s", "processors used", "throughput"],
                [[*result.pop("row"), number(result["throughput"])] for result in results]))
    print(f"Results: {machine.write_json('python-threads.json', {'machine': machine.describe(), 'cases': results})}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
