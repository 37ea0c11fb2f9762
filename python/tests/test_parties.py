"""What the parties say and refuse without a key; test_slow_parties.py has them at work."""

from __future__ import annotations

import pickle
from pathlib import Path

import cloister
import numpy as np
import pandas as pd
import pytest

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


def test_what_is_not_there_is_named_with_the_mend(tmp_path: Path) -> None:
    server = cloister.Server(tmp_path / "server")
    with pytest.raises(cloister.NotFoundError, match="Owner.plan"):
        _ = server.plan
    with pytest.raises(cloister.NotFoundError, match="Owner.encrypt_training"):
        server.train()


def test_frames_keep_their_columns_names_and_order(tmp_path: Path) -> None:
    owner = cloister.Owner(tmp_path / "owner", tmp_path / "server", unprotected=True)
    owner.plan(model="linear", scheme="paillier", job="aggregate", rows=30, features=2)
    owner.keygen()
    x = np.random.default_rng(1).normal(size=(30, 2)).clip(-3, 3)
    y = x @ [1.0, -2.0] + 0.5
    owner.encrypt_sums(pd.DataFrame(x[:15], columns=["age", "pulse"]), y[:15], "first")
    owner.encrypt_sums(pd.DataFrame(x[15:, ::-1], columns=["pulse", "age"]), y[15:], "second")
    with pytest.raises(cloister.InvalidArgumentError, match="height"):
        owner.encrypt_sums(pd.DataFrame(x[15:], columns=["age", "height"]), y[15:], "third")
    cloister.Server(tmp_path / "server").aggregate()
    model = owner.decrypt_model()
    assert model.names == ["age", "pulse"]
    np.testing.assert_allclose([*model.weights, model.intercept], [1, -2, 0.5], atol=1e-8)  # 32 fraction bits
