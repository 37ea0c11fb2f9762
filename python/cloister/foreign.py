"""Linear models of other libraries, taken over. None of these is imported: what a caller passes has it loaded."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloister.errors import InvalidArgumentError
from cloister.model import Kind, LinearModel


def _called(thing: Any) -> str:
    return f"the class {thing.__name__}" if isinstance(thing, type) else type(thing).__name__


def from_sklearn(estimator: Any, kind: Kind | None = None) -> LinearModel:
    """LinearModel.from_sklearn."""
    if hasattr(estimator, "steps"):
        return _from_pipeline(estimator, kind)
    coefficients = _coefficients(estimator)
    intercept = np.atleast_1d(np.asarray(getattr(estimator, "intercept_", 0.0), dtype=np.float64))
    if coefficients.ndim != 2 or coefficients.shape[0] != 1 or intercept.size != 1:
        raise InvalidArgumentError(f"a model of {coefficients.shape[0]} outputs; Cloister's have one")
    if hasattr(estimator, "to_model"):  # one of Cloister's own
        model: LinearModel = estimator.to_model()
        return model if kind is None else dataclasses.replace(model, kind=kind)
    classifies = hasattr(estimator, "classes_")
    model = LinearModel(kind or ("logistic" if classifies else "linear"), coefficients[0], intercept[0],
                        getattr(estimator, "feature_names_in_", ()))
    if kind is None:
        (_check_probabilities if classifies else _check_values)(estimator, model)
    return model


def _coefficients(estimator: Any) -> NDArray[np.float64]:
    found = getattr(estimator, "coef_", None)
    if found is not None and not isinstance(estimator, type):
        return np.atleast_2d(np.asarray(found.toarray() if hasattr(found, "toarray") else found, dtype=np.float64))
    if hasattr(estimator, "best_estimator_"):
        raise InvalidArgumentError(f"a {_called(estimator)} is a search; pass its best_estimator_")
    if hasattr(estimator, "fit") and not any(name.endswith("_") and name[0] != "_" for name in vars(estimator)):
        raise InvalidArgumentError(f"{_called(estimator)} is not fitted; call fit on an instance, and pass that")
    raise InvalidArgumentError(f"{_called(estimator)} has no coef_; pass a fitted linear estimator")


def _from_pipeline(pipeline: Any, kind: Kind | None) -> LinearModel:
    """With its scalers in the weights: w . (x - m) / s is (w / s) . x - (w / s) . m."""
    *before, (_, last) = pipeline.steps
    model = from_sklearn(last, kind)
    weights, intercept = model.weights, model.intercept
    for name, step in reversed(before):
        if step is None or step == "passthrough":
            continue
        if type(step).__name__ != "StandardScaler":
            raise InvalidArgumentError(
                f"the pipeline's step {name!r} is a {_called(step)}; only StandardScaler becomes part of the weights. "
                "Pass the last step, pipeline[-1], and predict on rows that pipeline[:-1].transform gives")
        if not hasattr(step, "n_features_in_"):
            raise InvalidArgumentError(f"the pipeline's step {name!r} is not fitted; call the pipeline's fit first")
        if step.with_std:
            weights = weights / step.scale_
        if step.with_mean:
            intercept -= float(weights @ step.mean_)
    return LinearModel(model.kind, weights, intercept, getattr(pipeline, "feature_names_in_", model.names))


def _check_values(estimator: Any, model: LinearModel) -> None:
    """That an estimator predicts w . x + b, not another function of it."""
    if not hasattr(estimator, "predict"):
        return
    rows, margins = _probes(model)
    values = _asked(estimator.predict, rows).reshape(-1)
    if _same(values, margins, model):
        return
    why = "it predicts something else than w . x + b"
    if _same(np.log(np.maximum(values, 1e-300)), margins, model):
        why = "its link is the logarithm: it predicts exp(w . x + b)"
    raise InvalidArgumentError(f"{_called(estimator)} is no linear model: {why}. Pass kind='linear' to take w . x + b "
                               "alone, and do the rest to its predictions")


def _check_probabilities(estimator: Any, model: LinearModel) -> None:
    """That a classifier gives the second of two classes the probability sigmoid(w . x + b)."""
    why = "it has no predict_proba"
    if hasattr(estimator, "predict_proba"):
        rows, margins = _probes(model)
        if _same(_asked(estimator.predict_proba, rows)[:, -1], model.of_margins(margins), model):
            return
        why = "its predict_proba is not the sigmoid of w . x + b"
    raise InvalidArgumentError(f"{_called(estimator)} is no logistic model: {why}. Pass kind='linear' to take "
                               "w . x + b alone, or kind='logistic' to put the sigmoid behind it all the same")


def _probes(model: LinearModel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows along the weights at which w . x + b is -1, 0 and 1, and w . x + b there."""
    square = float(model.weights @ model.weights)
    along = model.weights / square if square > 1e-200 else np.zeros_like(model.weights)
    rows = np.outer(np.array([-1.0, 0.0, 1.0]) - model.intercept, along)
    return rows, model.margins(rows)


def _asked(predict: Any, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the rows have no names
        return np.asarray(predict(rows), dtype=np.float64)


def _same(a: NDArray[np.float64], b: NDArray[np.float64], model: LinearModel) -> bool:
    """But for rounding, which grows with the intercept that the rows balance; other links differ by a fifth."""
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= 1e-6 * (1 + abs(model.intercept))))


def from_torch(module: Any, kind: Kind | None = None) -> LinearModel:
    """LinearModel.from_torch."""
    if not hasattr(module, "children"):
        raise InvalidArgumentError(f"{_called(module)} is no torch module; pass the torch.nn.Linear itself, with its "
                                   "weights loaded (load_state_dict)")
    layers = list(module.children()) or [module]
    linear, *behind = layers
    shape = tuple(getattr(getattr(linear, "weight", None), "shape", ()))
    if len(shape) != 2 or shape[0] != 1 or len(behind) > 1:
        what = " and ".join(_called(layer) for layer in layers[:3]) + (", ..." if len(layers) > 3 else "")
        raise InvalidArgumentError(f"{what}, with weights of shape {list(shape)} first; pass a torch.nn.Linear with "
                                   "one output, alone or in a Sequential with a Sigmoid behind it")
    if behind and type(behind[0]).__name__ != "Sigmoid":
        raise InvalidArgumentError(f"a {_called(behind[0])} behind the linear layer; only Sigmoid is supported")
    weights = np.asarray(linear.weight.detach().cpu().numpy(), dtype=np.float64)[0]
    bias = 0.0 if linear.bias is None else float(linear.bias.detach().cpu().numpy()[0])
    return LinearModel(kind or ("logistic" if behind else "linear"), weights, bias)


def from_keras(layer: Any) -> LinearModel:
    """LinearModel.from_keras."""
    if hasattr(layer, "layers"):
        raise InvalidArgumentError(f"a {_called(layer)} of {len(layer.layers)} layers; pass the Dense layer, "
                                   "model.layers[-1], where it is the only one that computes")
    if not hasattr(layer, "get_weights") or not hasattr(layer, "activation"):
        raise InvalidArgumentError(f"{_called(layer)} is no Dense layer; pass the keras.layers.Dense")
    arrays = [np.asarray(array, dtype=np.float64) for array in layer.get_weights()]
    if not arrays:
        raise InvalidArgumentError(f"the {_called(layer)} layer has no weights yet; fit its model, or call "
                                   "layer.build((None, features)) and set_weights")
    kernel, *rest = arrays
    activation = getattr(layer.activation, "__name__", str(layer.activation))
    if kernel.ndim != 2 or kernel.shape[1] != 1 or activation not in ("linear", "sigmoid"):
        raise InvalidArgumentError(f"a {_called(layer)} layer with weights of shape {list(kernel.shape)} and "
                                   f"activation {activation}; a Dense one of one output, linear or sigmoid, is taken")
    return LinearModel("logistic" if activation == "sigmoid" else "linear", kernel[:, 0], rest[0][0] if rest else 0.0)
