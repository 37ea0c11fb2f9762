"""Models and plans, there and back."""

from __future__ import annotations

import pickle
import types

import cloister
import numpy as np
import pandas as pd
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.linear_model import (
    GammaRegressor,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    Perceptron,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
    TweedieRegressor,
)
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeRegressor


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


def test_models_are_equal_by_their_values() -> None:
    model = cloister.LinearModel("linear", [1.0, 2.0], 0.5, ["age", "pulse"])
    same = cloister.LinearModel("linear", np.array([1.0, 2.0]), 0.5, np.array(["age", "pulse"]))
    assert model == same and hash(model) == hash(same)
    assert pickle.loads(pickle.dumps(model)) == model
    for other in (("logistic", [1.0, 2.0], 0.5, ["age", "pulse"]), ("linear", [1.0, 2.5], 0.5, ["age", "pulse"]),
                  ("linear", [1.0, 2.0], 0.0, ["age", "pulse"]), ("linear", [1.0, 2.0], 0.5), ("linear", [1.0], 0.5)):
        assert model != cloister.LinearModel(*other)
    assert model != "model"


def test_models_have_weights_of_their_own() -> None:
    given = np.array([1.0, 2.0])
    model = cloister.LinearModel("linear", given)
    given[0] = 9.0
    assert model.weights.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        model.weights[0] = 9.0


@pytest.mark.parametrize(("values", "message"), [
    (("tree", [1.0]), "logistic or linear, not 'tree'"),
    (("linear", [[1.0]]), "a finite weight for each feature"),
    (("linear", []), "a finite weight for each feature"),
    (("linear", [1.0], np.inf), "a finite intercept"),
    (("linear", ["one"]), "are numbers"),
    (("linear", [1.0], None), "are numbers"),
    (("linear", [1.0], 0.0, ["age", "pulse"]), "2 names for 1 weights"),
])
def test_what_is_no_model_is_refused(values: tuple, message: str) -> None:
    with pytest.raises(cloister.InvalidArgumentError, match=message):
        cloister.LinearModel(*values)


def test_columns_of_frames_are_taken_by_name() -> None:
    model = cloister.LinearModel("logistic", [1.0, -2.0, 0.5], 0.25, ["age", "bmi", "pulse"])
    rows = np.random.default_rng(4).normal(size=(5, 3))
    frame = pd.DataFrame(rows, columns=["age", "bmi", "pulse"])
    for columns in (["age", "bmi", "pulse"], ["pulse", "age", "bmi"], ["bmi", "age", "pulse"]):
        np.testing.assert_array_equal(model.margins(frame[columns]), model.margins(rows))
        np.testing.assert_array_equal(model.predict(frame[columns]), model.predict(rows))
    # Without names on either side the order counts.
    nameless = cloister.LinearModel("logistic", [1.0, -2.0, 0.5], 0.25)
    np.testing.assert_array_equal(nameless.margins(frame), model.margins(rows))


@pytest.mark.parametrize(("columns", "message"), [
    (["age", "bmi", "height"], "it has no pulse, and the model knows no height"),
    (["age", "bmi"], "it has no pulse"),
    (["age", "bmi", "pulse", "height"], "the model knows no height"),
    (["age", "bmi", "pulse", "age"], "a column twice"),
    ([0, 1, 2], "it has no age, bmi, pulse, and the model knows no 0, 1, 2"),
])
def test_other_columns_are_named(columns: list, message: str) -> None:
    model = cloister.LinearModel("linear", [1.0, -2.0, 0.5], 0.25, ["age", "bmi", "pulse"])
    with pytest.raises(cloister.InvalidArgumentError, match=message):
        model.predict(pd.DataFrame(np.zeros((2, len(columns))), columns=columns))


def test_a_wrong_number_of_columns_is_named() -> None:
    names = ["age", "bmi", "pulse", "height", "weight", "dose", "days"]
    model = cloister.LinearModel("linear", np.ones(7), names=names)
    with pytest.raises(cloister.InvalidArgumentError, match=r"^2 columns for a model of 7 \(age, .*, dose, \.\.\.\)$"):
        model.margins(np.zeros((3, 2)))
    with pytest.raises(cloister.InvalidArgumentError, match="^2 columns for a model of 7$"):
        cloister.LinearModel("linear", np.ones(7)).predict(np.zeros((3, 2)))
    with pytest.raises(cloister.InvalidArgumentError, match="1 dimensions"):
        model.predict(np.zeros(7))
    with pytest.raises(cloister.InvalidArgumentError, match="features are numbers"):
        cloister.LinearModel("linear", [1.0]).predict([["one"]])


@pytest.mark.parametrize(("estimator", "message"), [
    (PoissonRegressor(), "PoissonRegressor is no linear model: its link is the logarithm"),
    (GammaRegressor(), "GammaRegressor .* logarithm"),
    (TweedieRegressor(power=1.5), "TweedieRegressor .* logarithm"),
    (PLSRegression(n_components=1), "PLSRegression .* something else than w . x"),
])
def test_models_with_another_link_are_refused(estimator, message: str) -> None:
    features, target = _table()
    estimator.fit(features + 3, np.exp(target / 4))
    with pytest.raises(cloister.InvalidArgumentError, match=message):
        cloister.LinearModel.from_sklearn(estimator)
    model = cloister.LinearModel.from_sklearn(estimator, kind="linear")
    np.testing.assert_array_equal(model.weights, np.ravel(estimator.coef_))


def test_a_tweedie_regressor_of_the_identity_is_linear() -> None:
    features, target = _table()
    fit = TweedieRegressor(power=0).fit(features, target)
    model = cloister.LinearModel.from_sklearn(fit)
    np.testing.assert_allclose(model.predict(features), fit.predict(features), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("scale", [1.0, 1e-4])
@pytest.mark.parametrize("fit", [LogisticRegression(), LogisticRegressionCV(),
                                 SGDClassifier(loss="log_loss", random_state=0)])
@pytest.mark.filterwarnings("ignore::FutureWarning")  # of LogisticRegressionCV's defaults
def test_logistic_classifiers_are_logistic(fit, scale: float) -> None:
    features, target = _table()
    fit.fit(features * scale + 1, np.where(target > 0, "yes", "no"))
    model = cloister.LinearModel.from_sklearn(fit)
    assert model.kind == "logistic"
    np.testing.assert_allclose(model.predict(features), fit.predict_proba(features)[:, 1], rtol=1e-9)


@pytest.mark.parametrize(("fit", "why"), [
    (LinearSVC(), "no predict_proba"), (RidgeClassifier(), "no predict_proba"), (Perceptron(), "no predict_proba"),
    (SGDClassifier(random_state=0), "no predict_proba"),
    (SGDClassifier(loss="modified_huber", random_state=0), "not the sigmoid"),
])
def test_classifiers_without_logistic_probabilities_need_a_kind(fit, why: str) -> None:
    features, target = _table()
    fit.fit(features, target > 0)
    message = f"{type(fit).__name__} is no logistic model: .*{why}.*kind="
    with pytest.raises(cloister.InvalidArgumentError, match=message):
        cloister.LinearModel.from_sklearn(fit)
    for kind in ("linear", "logistic"):
        model = cloister.LinearModel.from_sklearn(fit, kind=kind)
        assert model.kind == kind
        np.testing.assert_allclose(model.margins(features), fit.decision_function(features), rtol=1e-9, atol=1e-12)


def test_estimators_of_the_package_are_taken_over() -> None:
    features, target = _table()
    features = features * [1e-3, 1, 1] + [1000.0, 0, 0]  # zero is far beyond what they clip
    for fit, labels in ((cloister.EncryptedLogisticRegression(mode="clear"), target > 0),
                        (cloister.EncryptedRidge(mode="clear"), target)):
        assert cloister.LinearModel.from_sklearn(fit.fit(features, labels)) == fit.to_model()
    assert cloister.LinearModel.from_sklearn(fit, kind="logistic").kind == "logistic"


@pytest.mark.parametrize("scaler", [StandardScaler(), StandardScaler(with_mean=False), StandardScaler(with_std=False),
                                    "passthrough"])
@pytest.mark.parametrize("last", [LinearRegression(), LogisticRegression()])
def test_a_pipelines_scaler_becomes_part_of_the_weights(scaler, last) -> None:
    features, target = _table()
    frame = pd.DataFrame(features * [1, 20, 0.1] + [0, 50, 1], columns=["age", "bmi", "pulse"])
    logistic = isinstance(last, LogisticRegression)
    fit = make_pipeline(scaler, last).fit(frame, target > 0 if logistic else target)
    model = cloister.LinearModel.from_sklearn(fit)
    expected = fit.predict_proba(frame)[:, 1] if logistic else fit.predict(frame)
    np.testing.assert_allclose(model.predict(frame), expected, rtol=1e-9, atol=1e-11)
    assert model.names == ["age", "bmi", "pulse"]


@pytest.mark.parametrize(("make", "advice"), [
    (lambda x, y: LogisticRegression(), "LogisticRegression is not fitted; call fit"),
    (lambda x, y: LogisticRegression, "the class LogisticRegression is not fitted; call fit"),
    (lambda x, y: make_pipeline(StandardScaler(), Ridge()), "Ridge is not fitted; call fit"),
    (lambda x, y: make_pipeline(StandardScaler(), Ridge().fit(x, y)), "'standardscaler' is not fitted"),
    (lambda x, y: make_pipeline(PCA(2), Ridge()).fit(x, y), r"'pca' is a PCA; .* pipeline\[-1\]"),
    (lambda x, y: DecisionTreeRegressor().fit(x, y), "DecisionTreeRegressor has no coef_; pass a fitted linear"),
    (lambda x, y: GridSearchCV(Ridge(), {"alpha": [1.0]}).fit(x, y), "pass its best_estimator_"),
    (lambda x, y: "ridge", "str has no coef_"),
])
def test_what_is_no_fitted_linear_estimator_is_refused_with_advice(make, advice: str) -> None:
    with pytest.raises(cloister.InvalidArgumentError, match=advice):
        cloister.LinearModel.from_sklearn(make(*_table()))


def test_files_there_and_back(tmp_path) -> None:
    model = cloister.LinearModel("logistic", np.array([0.5, -1.25]), 2.0, ["age", "pulse"])
    path = tmp_path / "model.json"
    model.save(path)
    again = cloister.LinearModel.load(path)
    assert (again.kind, again.intercept, again.names) == ("logistic", 2.0, ["age", "pulse"])
    np.testing.assert_array_equal(again.weights, model.weights)
    assert again == model
    with pytest.raises(cloister.AlreadyExistsError, match="remove it"):
        model.save(path)
    with pytest.raises(cloister.NotFoundError, match="LinearModel.save"):
        cloister.LinearModel.load(tmp_path / "other.json")
    with pytest.raises(cloister.NotFoundError, match="make it first"):
        model.save(tmp_path / "folder" / "model.json")
    good = path.read_text(encoding="utf-8")
    for text in ("", "[]", "{}", *(good.replace(a, b) for a, b in (
            ("clear model 1", "clear model 9"), ('"logistic"', '"tree"'), ("0.5", "NaN"), ('"pulse"', '"pulse", "x"'),
            ('"intercept": 2.0', '"intercept": "two"')))):
        assert text != good
        path.write_text(text, encoding="utf-8")
        with pytest.raises(cloister.InvalidArgumentError):
            cloister.LinearModel.load(path)


class _Parameter:
    """What of a torch.nn.Parameter is used; the frameworks are too large for every test machine."""

    def __init__(self, values) -> None:
        self.values = np.asarray(values, dtype=np.float32)
        self.shape = self.values.shape

    detach = cpu = lambda self: self

    def numpy(self) -> np.ndarray:
        return self.values


def _layer(name: str, *children, **attributes) -> object:
    return type(name, (types.SimpleNamespace,), {})(children=lambda: iter(children), **attributes)


def _keras(name: str, *arrays, activation: str = "linear") -> object:
    return _layer(name, get_weights=lambda: [np.asarray(array) for array in arrays],
                  activation=types.SimpleNamespace(__name__=activation))


def test_layers_of_torch() -> None:
    linear = _layer("Linear", weight=_Parameter([[1, 2]]), bias=_Parameter([3]))
    sigmoid = _layer("Sigmoid")
    assert cloister.LinearModel.from_torch(linear) == cloister.LinearModel("linear", [1, 2], 3)
    assert cloister.LinearModel.from_torch(linear, kind="logistic") == cloister.LinearModel("logistic", [1, 2], 3)
    assert cloister.LinearModel.from_torch(_layer("Sequential", linear, sigmoid)).kind == "logistic"
    assert cloister.LinearModel.from_torch(_layer("Linear", weight=_Parameter([[1, 2]]), bias=None)).intercept == 0
    for wrong, message in (
            ({"weight": _Parameter([[1, 2]])}, "dict is no torch module; .*load_state_dict"),
            (_layer("Conv1d", weight=_Parameter(np.ones((1, 2, 3))), bias=None), r"Conv1d, .* \[1, 2, 3\] .*Linear"),
            (_layer("Linear", weight=_Parameter(np.ones((2, 2))), bias=None), r"shape \[2, 2\] .* one output"),
            (_layer("Sequential", sigmoid), "Sigmoid"),
            (_layer("Sequential", linear, sigmoid, linear), "Linear and Sigmoid and Linear"),
            (_layer("Sequential", linear, _layer("ReLU")), "a ReLU behind the linear layer")):
        with pytest.raises(cloister.InvalidArgumentError, match=message):
            cloister.LinearModel.from_torch(wrong)


def test_layers_of_keras() -> None:
    dense = _keras("Dense", [[1.0], [2.0]], [3.0])
    assert cloister.LinearModel.from_keras(dense) == cloister.LinearModel("linear", [1, 2], 3)
    assert cloister.LinearModel.from_keras(_keras("Dense", [[1.0]], activation="sigmoid")).kind == "logistic"
    for wrong, message in (
            (_layer("Sequential", layers=[dense]), r"Sequential of 1 layers; pass .*model.layers\[-1\]"),
            (_keras("Dense"), "no weights yet; .*build"),
            ([np.ones((2, 1))], "list is no Dense layer"),
            (_keras("Conv1D", np.ones((3, 2, 1))), r"Conv1D layer with weights of shape \[3, 2, 1\]"),
            (_keras("Dense", np.ones((2, 2))), r"shape \[2, 2\] .* one output"),
            (_keras("Dense", [[1.0]], activation="relu"), "relu")):
        with pytest.raises(cloister.InvalidArgumentError, match=message):
            cloister.LinearModel.from_keras(wrong)


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
