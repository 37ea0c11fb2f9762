"""Nothing of the core outlives what Python drops: the bindings count what is left when the interpreter ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import gc, pathlib, sys
import numpy as np
import cloister

folder = pathlib.Path(sys.argv[1])
x = np.random.default_rng(1).normal(size=(60, 3)).clip(-3, 3)
y = (x[:, 0] > 0).astype(float)
plan = cloister.Plan.make(model="linear", rows=60, features=3, iterations=2)
cloister.Plan.from_json(plan.to_json())
for scheme in ("ckks", "paillier"):
    owner = cloister.Owner(folder / scheme / "owner", folder / scheme / "server", unprotected=True,
                           progress=lambda *_: None)
    owner.plan(model="linear", scheme=scheme, job="predict", features=3, predict_rows=60)
    owner.keygen()
    owner.encrypt(x)
    cloister.Server(folder / scheme / "server").predict(model=cloister.LinearModel("linear", np.ones(3)))
    owner.decrypt_predictions()
    try:
        owner.keygen()
    except cloister.Error:
        pass
    try:
        owner.progress = lambda *_: 1 / 0
        owner.encrypt(x, "again")
    except ZeroDivisionError:
        pass
del owner, plan
gc.collect()
print("ends")
"""


def test_nothing_is_left_at_the_end(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.stdout == "ends\n", done.stderr
    assert "leaked" not in done.stderr, done.stderr
