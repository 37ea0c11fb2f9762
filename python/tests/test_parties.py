"""What the parties say and refuse without a key; test_slow_parties.py has them at work."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import cloister
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

PASSPHRASE = "of a test alone"


def test_a_pickled_owner_has_no_passphrase(tmp_path: Path) -> None:
    owner = cloister.Owner(tmp_path / "owner", tmp_path / "server", passphrase=PASSPHRASE, threads=2)
    assert PASSPHRASE in str(owner.__dict__)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        pickled = pickle.dumps(owner, protocol)
        assert PASSPHRASE.encode() not in pickled
        again = pickle.loads(pickled)
        assert PASSPHRASE not in str(again.__dict__)
        assert (again.folder, again.outbox, again.threads) == (owner.folder, owner.outbox, 2)
    assert PASSPHRASE not in repr(owner)


def test_a_secret_key_is_unprotected_by_name_only(tmp_path: Path) -> None:
    with pytest.raises(cloister.InvalidArgumentError, match="unprotected=True"):
        cloister.Owner(tmp_path / "owner", tmp_path / "server")


def test_a_copied_owner_keeps_its_passphrase(tmp_path: Path) -> None:
    owner = cloister.Owner(tmp_path / "owner", tmp_path / "server", passphrase=PASSPHRASE)
    assert all(PASSPHRASE in str(made.__dict__) for made in (copy.copy(owner), copy.deepcopy(owner)))


def test_a_short_passphrase_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(cloister.SecurityError, match="8"):
        cloister.Owner(tmp_path / "owner", tmp_path / "server", passphrase="short")
    assert not (tmp_path / "owner").exists()


def test_what_is_not_there_is_named_with_the_mend(tmp_path: Path) -> None:
    server = cloister.Server(tmp_path / "server")
    assert "nothing yet" in repr(server)
    with pytest.raises(cloister.NotFoundError, match="the folder .*server is not there"):
        _ = server.plan
    assert not (tmp_path / "server").exists()
    (tmp_path / "server").mkdir()
    with pytest.raises(cloister.NotFoundError, match="Owner.plan"):
        _ = server.plan
    with pytest.raises(cloister.NotFoundError, match="Owner.encrypt_training"):
        server.train()


class Pair:
    """An owner and a server who predict with Paillier: rows of two columns, an age and a pulse."""

    def __init__(self, folder: Path, **request: Any) -> None:
        self.owner = cloister.Owner(folder / "owner", folder / "server", unprotected=True)
        self.owner.plan(**({"model": "linear", "scheme": "paillier", "job": "predict", "features": 2} | request))
        self.owner.keygen()
        self.server = cloister.Server(folder / "server")
        self.rows = np.random.default_rng(1).normal(size=(30, 2)).clip(-3, 3)
        self.frame = pd.DataFrame(self.rows, columns=["age", "pulse"])

    def files(self) -> list[str]:
        return sorted(p.name for p in self.server.folder.iterdir())


def test_a_plan_is_taken_again_and_never_replaced(tmp_path: Path) -> None:
    owner = cloister.Owner(tmp_path / "owner", tmp_path / "server", unprotected=True)
    request = {"model": "linear", "scheme": "paillier", "job": "predict", "features": 2}
    plan = owner.plan(**request)
    (tmp_path / "owner" / "plan.json").unlink()
    assert owner.plan(cloister.Plan.load(tmp_path / "server" / "plan.json")) == owner.plan(plan) == plan
    (tmp_path / "owner" / "plan.json").unlink()
    with pytest.raises(cloister.AlreadyExistsError, match="another plan"):
        owner.plan(**request | {"features": 3})
    assert not (tmp_path / "owner" / "plan.json").exists()


def test_owners_who_add_up_agree_on_columns(tmp_path: Path) -> None:
    pair = Pair(tmp_path, job="aggregate", rows=30)
    y = pair.rows @ [1.0, -2.0] + 0.5
    with pytest.raises(cloister.InvalidArgumentError, match="columns="):
        pair.owner.encrypt_sums(pair.frame[:15], y[:15], "first")
    agreed = ["age", "pulse"]
    pair.owner.encrypt_sums(pair.frame[:15], y[:15], "first", columns=agreed)
    other = cloister.Owner(tmp_path / "other", tmp_path / "server", unprotected=True)
    other.plan(pair.server.plan)
    other.encrypt_sums(pair.frame[["pulse", "age"]][15:20], y[15:20], "second", columns=agreed)
    other.encrypt_sums(pair.frame[["pulse", "age"]][20:], y[20:], "third")  # as before
    with pytest.raises(cloister.InvalidArgumentError, match="height"):
        other.encrypt_sums(pd.DataFrame(pair.rows, columns=["age", "height"]), y, "fourth")
    with pytest.raises(cloister.InvalidArgumentError, match="fixed as age, pulse"):
        other.encrypt_sums(pair.frame, y, "fourth", columns=["pulse", "age"])
    pair.server.aggregate()
    model = pair.owner.decrypt_model()
    assert model.names == agreed
    np.testing.assert_allclose([*model.weights, model.intercept], [1, -2, 0.5], atol=1e-8)  # 32 fraction bits


def test_columns_are_fixed_by_what_was_encrypted_alone(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    with pytest.raises(cloister.Error):
        pair.owner.encrypt(pair.frame.assign(target=1.0))
    pair.owner.encrypt(pair.frame)
    pair.owner.encrypt(pair.frame[["pulse", "age"]], "turned")
    model = cloister.LinearModel("linear", np.array([1.0, -1.0]))
    bound = pair.server.plan.error_bound
    for name in ("", "turned"):
        pair.server.predict(name, model=model)
        assert np.abs(pair.owner.decrypt_predictions(name) - model.predict(pair.rows)).max() <= bound


def test_a_frame_after_an_array_keeps_its_order_with_a_warning(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.owner.encrypt(pair.rows)
    with pytest.warns(UserWarning, match="no names"):
        pair.owner.encrypt(pair.frame, "frame")


def test_a_clear_model_stays_only_where_it_predicted(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.owner.encrypt(pair.rows)
    pair.owner.encrypt(pair.rows, "more")
    before = pair.files()
    with pytest.raises(cloister.Error):
        pair.server.predict(model=cloister.LinearModel("linear", np.ones(3)))
    assert pair.files() == before
    estimator = LinearRegression().fit(pair.rows, pair.rows @ [2.0, 1.0] + 7)
    pair.server.predict(model=estimator)
    with pytest.raises(cloister.AlreadyExistsError, match="another model"):
        pair.server.predict("more", model=cloister.LinearModel("linear", estimator.coef_, estimator.intercept_ + 1))
    pair.server.predict("more")
    for name in ("", "more"):
        off = np.abs(pair.owner.decrypt_predictions(name) - estimator.predict(pair.rows))
        assert off.max() <= pair.server.plan.error_bound


def test_words_are_refused_with_what_to_do(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    with pytest.raises(cloister.InvalidArgumentError, match="'a/b' is no name"):
        pair.owner.encrypt(pair.rows, "a/b")
    with pytest.raises(cloister.InvalidArgumentError, match="encode categories"):
        pair.owner.encrypt(np.array([["old", "slow"]]))
    trains = cloister.Owner(tmp_path / "trainer", tmp_path / "training", unprotected=True)
    trains.plan(cloister.Plan.make(rows=30, features=2, iterations=1, method="nesterov", sigmoid_degree=3))
    with pytest.raises(cloister.InvalidArgumentError, match="map two classes to 0 and 1"):
        trains.encrypt_training(pair.rows, np.array(["sick", "well"] * 15))
    with pytest.raises(cloister.InvalidArgumentError, match="every label is 1"):
        trains.encrypt_training(pair.rows, np.ones(30))
    with pytest.raises(cloister.InvalidArgumentError, match="encrypt_training first"):
        trains.encrypt(pair.frame)
    (tmp_path / "training" / "rows.enc").touch()
    with pytest.raises(cloister.InvalidArgumentError, match="job='predict'"):
        cloister.Server(tmp_path / "training").predict(model=cloister.LinearModel("logistic", np.ones(2)))
