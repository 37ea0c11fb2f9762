"""`pip wheel .` makes a wheel that works in an environment with nothing else, on a machine without compilers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

PROGRAM = """
import numpy as np
import cloister
x = np.random.default_rng(1).normal(size=(40, 3)).clip(-3, 3)
model = cloister.LinearModel("linear", np.array([1.0, -2.0, 0.5]), 0.25)
owner = cloister.Owner("owner", "server", unprotected=True)
plan = owner.plan(model="linear", job="predict", features=3, predict_rows=40)
owner.keygen()
owner.encrypt(x)
cloister.Server("server").predict(model=model)
assert abs(owner.decrypt_predictions() - model.predict(x)).max() <= plan.error_bound
print(cloister.__file__, cloister.kernels())
"""


def _run(*command: str, cwd: Path, path: str | None = None) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    if path is not None:
        environment["PATH"] = path
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def test_a_wheel_works_by_itself(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(wheels), str(ROOT), cwd=ROOT)
    (wheel,) = wheels.glob("cloister-*.whl")
    environment = tmp_path / "environment"
    _run(sys.executable, "-m", "venv", str(environment), cwd=tmp_path)
    python = str(environment / "bin" / "python")
    _run(python, "-m", "pip", "install", "--quiet", "--only-binary=:all:", str(wheel), cwd=tmp_path)
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    output = _run(python, "-c", PROGRAM, cwd=tmp_path, path=str(nowhere))
    assert output.startswith(str(environment))
    # Every library that the module needs and Debian's smallest Python has not is beside it.
    (module,) = (environment / "lib").glob("python3*/site-packages/cloister/_core*.so")
    needed = subprocess.run(["ldd", str(module)], capture_output=True, text=True, check=True).stdout
    elsewhere = {line.split()[0].split(".so")[0] for line in needed.splitlines()
                 if "=>" in line and str(module.parent) not in line}
    assert elsewhere <= {"libc", "libm", "libstdc++", "libgcc_s", "libpthread", "libdl", "librt"}, needed
