"""Models and plans, there and back."""

from __future__ import annotations

import pickle
import types

import cloister
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge


def _table() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    features = random.normal(size=(200, 3))
    return features, features @ [1.0, -2.0, 0.5] + 0.3 + random.normal(size=200)


@pytest.mark.parametrize("fit", [LinearRegression(), Ridge(), LogisticRegression()])
def test_scikit_learn_there_and_back(fit) -> None:
    features, target = _table()
    fit.fit(features, target > 0 if isinstance(fit, LogisticRegression) else target)
    model = cloister.LinearModel.from_sklearn(fit)
    back = model.to_sklearn()
    if model.kind == "logistic":
        np.testing.assert_allclose(model.predict(features), fit.predict_proba(features)[:, 1], rtol=1e-12)
        np.testing.assert_allclose(back.predict_proba(features), fit.predict_proba(features), rtol=1e-12)
    else:
        np.testing.assert_allclose(model.predict(features), fit.predict(features), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(back.predict(features), fit.predict(features), rtol=1e-12, atol=1e-14)


def test_models_of_several_outputs_are_refused() -> None:
    features, target = _table()
    classes = np.digitize(target, [-1, 1])
    with pytest.raises(cloister.InvalidArgumentError, match="3 outputs"):
        cloister.LinearModel.from_sklearn(LogisticRegression().fit(features, classes))


def test_files_there_and_back(tmp_path) -> None:
    model = cloister.LinearModel("logistic", np.array([0.5, -1.25]), 2.0, ["age", "pulse"])
    path = tmp_path / "model.json"
    model.save(path)
    again = cloister.LinearModel.load(path)
    assert (again.kind, again.intercept, again.names) == ("logistic", 2.0, ["age", "pulse"])
    np.testing.assert_array_equal(again.weights, model.weights)
    with pytest.raises(FileExistsError):
        model.save(path)
    good = path.read_text(encoding="utf-8")
    for text in ("", "[]", "{}", *(good.replace(a, b) for a, b in (
            ("clear model 1", "clear model 9"), ('"logistic"', '"tree"'), ("0.5", "NaN"), ('"pulse"', '"pulse", "x"'),
            ('"intercept": 2.0', '"intercept": "two"')))):
        assert text != good
        path.write_text(text, encoding="utf-8")
        with pytest.raises(cloister.InvalidArgumentError):
            cloister.LinearModel.load(path)


def test_layers_of_neural_networks() -> None:
    """By what a torch.nn.Linear and a keras.layers.Dense have; the frameworks are too large for every test machine."""

    class Parameter:
        def __init__(self, values: list) -> None:
            self.values = np.asarray(values, dtype=np.float32)
            self.shape = self.values.shape

        detach = cpu = lambda self: self

        def numpy(self) -> np.ndarray:
            return self.values

    linear = types.SimpleNamespace(weight=Parameter([[1, 2]]), bias=Parameter([3]), children=lambda: iter(()))
    model = cloister.LinearModel.from_torch(linear)
    assert (model.kind, model.intercept, model.weights.tolist()) == ("linear", 3.0, [1.0, 2.0])
    sigmoid = type("Sigmoid", (), {})()
    assert cloister.LinearModel.from_torch(
        types.SimpleNamespace(children=lambda: iter((linear, sigmoid)))).kind == "logistic"
    dense = types.SimpleNamespace(get_weights=lambda: [np.array([[1.0], [2.0]]), np.array([3.0])],
                                  activation=types.SimpleNamespace(__name__="sigmoid"))
    model = cloister.LinearModel.from_keras(dense)
    assert (model.kind, model.intercept, model.weights.tolist()) == ("logistic", 3.0, [1.0, 2.0])
    dense.activation.__name__ = "relu"
    with pytest.raises(cloister.InvalidArgumentError, match="relu"):
        cloister.LinearModel.from_keras(dense)


def test_plans_there_and_back(tmp_path) -> None:
    plan = cloister.Plan.make(model="linear", rows=200, features=3, iterations=4)
    assert cloister.Plan.from_json(plan.to_json()) == plan
    assert pickle.loads(pickle.dumps(plan, protocol=5)) == plan
    plan.save(tmp_path / "plan.json")
    assert cloister.Plan.load(tmp_path / "plan.json").id == plan.id
    with pytest.raises(cloister.AlreadyExistsError):
        plan.save(tmp_path / "plan.json")
    assert plan.error_bound <= 1e-3
    assert plan.request["iterations"] == 4
    assert "linear model with ckks; 3 features, 200 rows" in repr(plan)
    with pytest.raises(cloister.DecodeError):
        cloister.Plan.from_json(plan.to_json().replace('"rows": 200', '"rows": 20000'))
    with pytest.raises(cloister.DecodeError):
        cloister.Plan.from_json("not JSON")


def test_plans_name_what_does_not_fit() -> None:
    with pytest.raises(cloister.InvalidArgumentError, match="no 'colour'"):
        cloister.Plan.make(rows=10, features=2, colour="red")
    with pytest.raises(cloister.InvalidArgumentError, match="logistic"):
        cloister.Plan.make(model="tree", rows=10, features=2)
    with pytest.raises(cloister.OutOfRangeError, match="nearest job"):
        cloister.Plan.make(model="linear", rows=200, features=3, iterations=100, iterations_per_bootstrap=0)


def test_progress_stops_what_is_long() -> None:
    class Stop(Exception):
        pass

    seen: list[str] = []

    def stop(stage: str, done: int, total: int, note: str) -> None:
        seen.append(stage)
        raise Stop

    with pytest.raises(Stop):
        cloister.Plan.make(rows=2000, features=10, iterations=20, progress=stop)
    assert seen == ["plan"]
