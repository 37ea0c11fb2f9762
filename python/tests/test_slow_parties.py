"""Owner and server from Python, on real parameters; and the same files under the command line's names."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Literal

import cloister
import numpy as np
import pandas as pd
import pytest

PASSPHRASE = "of a test alone"


def _table(rows: int = 300, features: int = 4) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(11)
    x = random.normal(size=(rows, features))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    y = x @ np.linspace(1, -1, features) + 0.3 * random.normal(size=rows)
    return x, (y - y.mean()) / y.std()


def test_trains_and_predicts_without_the_owner(tmp_path: Path) -> None:
    x, y = _table()
    labels = (y > 0).astype(float)
    stages: set[str] = set()
    owner = cloister.Owner(tmp_path / "owner", tmp_path / "server", passphrase=PASSPHRASE,
                           progress=lambda stage, *_: stages.add(stage))
    plan = owner.plan(rows=300, features=4, iterations=2, method="nesterov", sigmoid_degree=3)
    owner.keygen()
    owner.encrypt_training(x, labels)
    owner.encrypt(x[:50], "new")
    server = cloister.Server(tmp_path / "server", progress=lambda stage, *_: stages.add(stage))
    assert server.plan == plan
    server.train()
    server.predict("new")
    model = owner.decrypt_model()
    got = owner.decrypt_predictions("new")
    clear = plan.clear_weights(x, labels)
    assert np.linalg.norm(np.append(model.intercept, model.weights) - clear) <= plan.error_bound
    # The sigmoid's slope is at most a quarter.
    margin_error = plan.parameters["margin_error_bound"]
    assert np.abs(got - model.predict(x[:50])).max() <= (margin_error + 3 * plan.error_bound) / 4
    assert {"train", "predict"} <= stages
    assert (tmp_path / "owner" / "secret.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(cloister.AlreadyExistsError):
        owner.keygen()
    stranger = cloister.Owner(tmp_path / "owner", tmp_path / "server", passphrase="another passphrase")
    with pytest.raises(cloister.SecurityError):
        stranger.decrypt_model()


@pytest.mark.parametrize("scheme", ["ckks", "paillier"])
def test_a_servers_own_model_predicts_on_encrypted_rows(tmp_path: Path, scheme: str) -> None:
    x, _ = _table(40)
    model = cloister.LinearModel("linear", np.array([0.5, -1.0, 2.0, 0.0]), 0.25)
    owner = cloister.Owner(tmp_path / "owner", tmp_path / "server", unprotected=True)
    plan = owner.plan(model="linear", scheme=scheme, job="predict", features=4, predict_rows=40)
    owner.keygen()
    owner.encrypt(x)
    cloister.Server(tmp_path / "server").predict(model=model)
    assert np.abs(owner.decrypt_predictions() - model.predict(x)).max() <= plan.error_bound


def test_several_owners_make_one_model(tmp_path: Path) -> None:
    x, y = _table(90)
    first = cloister.Owner(tmp_path / "first", tmp_path / "server", passphrase=PASSPHRASE)
    first.plan(model="linear", scheme="paillier", job="aggregate", rows=90, features=4)
    first.keygen()
    first.encrypt_sums(x[:30], y[:30], "first")
    # The others have the plan and the public key.
    for name, part in (("second", slice(30, 60)), ("third", slice(60, 90))):
        other = cloister.Owner(tmp_path / name, tmp_path / "server", unprotected=True)
        (tmp_path / name / "plan.json").write_bytes((tmp_path / "server" / "plan.json").read_bytes())
        other.encrypt_sums(x[part], y[part], name)
    cloister.Server(tmp_path / "server").aggregate()
    got = first.decrypt_model()
    design = np.column_stack([x, np.ones(90)])
    fit = np.linalg.lstsq(design, y, rcond=None)[0]
    np.testing.assert_allclose(np.append(got.weights, got.intercept), fit, atol=1e-8)  # 32 fraction bits


def test_encrypted_mode_is_near_the_clear_one() -> None:
    x, y = _table()
    ours = cloister.EncryptedLinearRegression(iterations=3).fit(x, y)
    clear = cloister.EncryptedLinearRegression(mode="clear", iterations=3).fit(x, y)
    assert np.linalg.norm(ours.coef_ - clear.coef_) <= ours.error_bound_ <= 1e-3
    assert ours.plan_.request["iterations"] == 3


@pytest.mark.parametrize("method", ["nesterov", "newton"])
def test_a_simulation_is_what_encryption_gives(method: Literal["nesterov", "newton"]) -> None:
    """By the planner's own choices, each within the bound of the same computation in the clear."""
    x, y = _table()
    how: dict[str, Any] = {"iterations": 2, "method": method}
    ours, simulated = (cloister.EncryptedLogisticRegression(mode=mode, **how).fit(x, y > 0) for mode in ("encrypted", "simulate"))
    assert ours.plan_ == simulated.plan_
    assert np.linalg.norm(ours._weights - simulated._weights) <= 2 * ours.error_bound_ <= 2e-3
    assert (np.abs(ours.coef_ - simulated.coef_) <= 2 * ours.coef_error_bound_).all()
    finer = cloister.EncryptedLogisticRegression(mode="clear", **how).fit(x, y > 0)
    assert np.linalg.norm(ours._weights - finer._weights) > 2 * ours.error_bound_  # the sigmoid, which a bound leaves out


def test_columns_come_from_the_rows_to_train_on(tmp_path: Path) -> None:
    x, y = _table(60)
    frame = pd.DataFrame(x, columns=list("abcd"))
    owner = cloister.Owner(tmp_path / "owner", tmp_path / "server", unprotected=True)
    plan = owner.plan(rows=60, features=4, iterations=1, method="nesterov", sigmoid_degree=3)
    owner.keygen()
    with pytest.raises(cloister.InvalidArgumentError, match="encrypt_training first"):
        owner.encrypt(frame)
    with pytest.raises(cloister.Error):
        owner.encrypt_training(frame.assign(target=y), y > 0)
    owner.encrypt_training(frame, y > 0)
    owner.encrypt(frame[list("dcba")])
    server = cloister.Server(tmp_path / "server")
    server.train()
    server.predict()
    model = owner.decrypt_model()
    assert model.names == list("abcd")
    off = owner.decrypt_predictions() - model.predict(frame[list("bdac")])
    assert np.abs(off).max() <= (plan.parameters["margin_error_bound"] + 3 * plan.error_bound) / 4


def test_two_threads_work_at_once(tmp_path: Path) -> None:
    """While one thread is inside the core, the other's calls begin and end: the core does not hold the GIL."""
    x, _ = _table(20000)
    owners = []
    for name in ("a", "b"):
        owner = cloister.Owner(tmp_path / name, tmp_path / (name + "-server"), unprotected=True, threads=1)
        owner.plan(model="linear", scheme="ckks", job="predict", features=4, predict_rows=20000)
        owner.keygen()
        owners.append(owner)
    inside = [threading.Event(), threading.Event()]
    met: list[bool] = []

    def work(i: int) -> None:
        def told(*_: object) -> None:
            if not inside[i].is_set():
                inside[i].set()
                met.append(inside[1 - i].wait(timeout=60))

        owners[i].progress = told
        owners[i].encrypt(x)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == [True, True]


def test_control_c_ends_a_training(tmp_path: Path) -> None:
    program = f"""
import sys, numpy as np, cloister
x = np.random.default_rng(1).normal(size=(400, 6)).clip(-3, 3)
owner = cloister.Owner({str(tmp_path / "owner")!r}, {str(tmp_path / "server")!r}, unprotected=True)
owner.plan(rows=400, features=6, iterations=30, method="nesterov", iterations_per_bootstrap=2)
print("planned", flush=True)
owner.keygen()
owner.encrypt_training(x, (x[:, 0] > 0).astype(float))
print("training", flush=True)
cloister.Server({str(tmp_path / "server")!r}).train()
print("done", flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, env=dict(os.environ))
    assert process.stdout and process.stdout.readline() == "planned\n"
    assert process.stdout.readline() == "training\n"
    time.sleep(2)  # into the training, wherever: it takes tens of seconds
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert "done" not in output
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert not (tmp_path / "server" / "model.enc").exists()
