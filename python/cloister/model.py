"""Models in the clear: what an owner decrypts, and what a server that has its own model predicts with."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cloister.errors import InvalidArgumentError

Kind = Literal["logistic", "linear"]
_FORMAT = "cloister clear model 1"


def _sigmoid(margins: NDArray[np.float64]) -> NDArray[np.float64]:
    positive = margins >= 0
    small = np.exp(-np.abs(margins))
    return np.where(positive, 1, small) / (1 + small)


@dataclass(frozen=True, eq=False)
class LinearModel:
    """w . x + b, with the sigmoid behind it where the kind is logistic."""

    kind: Kind
    weights: NDArray[np.float64]  #: [features]
    intercept: float = 0.0
    names: list[str] = field(default_factory=list)  #: of the features, or none

    def __post_init__(self) -> None:
        weights = np.ascontiguousarray(self.weights, dtype=np.float64)
        if self.kind not in ("logistic", "linear"):
            raise InvalidArgumentError(f"a model's kind is logistic or linear, not {self.kind!r}")
        if weights.ndim != 1 or weights.size == 0 or not np.all(np.isfinite([*weights, self.intercept])):
            raise InvalidArgumentError("a model has a finite weight for each feature, and a finite intercept")
        if self.names and len(self.names) != weights.size:
            raise InvalidArgumentError(f"{len(self.names)} names for {weights.size} weights")
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "intercept", float(self.intercept))

    def margins(self, features: ArrayLike) -> NDArray[np.float64]:
        """w . x + b of each row; features is `[rows][features]`."""
        return np.asarray(features, dtype=np.float64) @ self.weights + self.intercept

    def predict(self, features: ArrayLike) -> NDArray[np.float64]:
        """Probabilities of a logistic model, values of a linear one."""
        return self.of_margins(self.margins(features))

    def of_margins(self, margins: ArrayLike) -> NDArray[np.float64]:
        """What predictions are, from margins that were computed on encrypted rows."""
        margins = np.asarray(margins, dtype=np.float64)
        return _sigmoid(margins) if self.kind == "logistic" else margins

    def save(self, path: str | os.PathLike[str]) -> None:
        """A new file, as the command line's `predict --model` takes it. Raises FileExistsError."""
        with open(path, "x", encoding="utf-8") as out:
            json.dump({"format": _FORMAT, "model": self.kind, "names": self.names, "weights": self.weights.tolist(),
                       "intercept": self.intercept}, out, indent=2)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> LinearModel:
        """From such a file. Raises InvalidArgumentError for anything else."""
        try:
            found = json.loads(Path(path).read_text(encoding="utf-8"))
            if found["format"] != _FORMAT:
                raise ValueError(f"its format is {found['format']!r}")
            return cls(found["model"], np.asarray(found["weights"], dtype=np.float64), float(found["intercept"]),
                       [str(name) for name in found["names"]])
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidArgumentError(f"{path} is no model: {error}") from error

    @classmethod
    def from_sklearn(cls, estimator: Any) -> LinearModel:
        """From a fitted estimator with `coef_` and `intercept_` for one output, of two classes if it classifies."""
        coefficients = np.atleast_2d(np.asarray(estimator.coef_, dtype=np.float64))
        intercept = np.atleast_1d(np.asarray(estimator.intercept_, dtype=np.float64))
        if coefficients.shape[0] != 1 or intercept.size != 1:
            raise InvalidArgumentError(f"a model of {coefficients.shape[0]} outputs; Cloister's have one")
        kind: Kind = "logistic" if hasattr(estimator, "classes_") else "linear"
        return cls(kind, coefficients[0], intercept[0], list(getattr(estimator, "feature_names_in_", [])))

    def to_sklearn(self) -> Any:
        """A fitted LogisticRegression of classes 0 and 1, or LinearRegression."""
        from sklearn.linear_model import LinearRegression, LogisticRegression

        out: Any
        if self.kind == "logistic":
            out = LogisticRegression()
            out.classes_ = np.array([0, 1])
            out.coef_ = self.weights[np.newaxis, :].copy()
            out.intercept_ = np.array([self.intercept])
            out.n_iter_ = np.array([0])
        else:
            out = LinearRegression()
            out.coef_ = self.weights.copy()
            out.intercept_ = self.intercept
        out.n_features_in_ = self.weights.size
        if self.names:
            out.feature_names_in_ = np.asarray(self.names, dtype=object)
        return out

    @classmethod
    def from_torch(cls, module: Any, kind: Kind | None = None) -> LinearModel:
        """From `torch.nn.Linear` with one output, or a Sequential of one and a Sigmoid, which makes it logistic."""
        layers = list(module.children()) or [module]
        linear = layers[0]
        if not hasattr(linear, "weight") or tuple(linear.weight.shape)[0] != 1 or len(layers) > 2:
            raise InvalidArgumentError("a linear layer with one output, and a sigmoid behind it or nothing")
        ends_in_sigmoid = len(layers) == 2
        if ends_in_sigmoid and type(layers[1]).__name__ != "Sigmoid":
            raise InvalidArgumentError(f"a {type(layers[1]).__name__} behind the linear layer; only Sigmoid is supported")
        weights = np.asarray(linear.weight.detach().cpu().numpy(), dtype=np.float64)[0]
        bias = 0.0 if linear.bias is None else float(linear.bias.detach().cpu().numpy()[0])
        return cls(kind or ("logistic" if ends_in_sigmoid else "linear"), weights, bias)

    def to_torch(self) -> Any:
        """The same as a torch module in double precision."""
        import torch

        linear = torch.nn.Linear(self.weights.size, 1, dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(self.weights[np.newaxis, :]))
            linear.bias.fill_(self.intercept)
        return torch.nn.Sequential(linear, torch.nn.Sigmoid()) if self.kind == "logistic" else linear

    @classmethod
    def from_keras(cls, layer: Any) -> LinearModel:
        """From a Keras `Dense` layer with one output: linear, or logistic where its activation is the sigmoid."""
        kernel, *rest = (np.asarray(w, dtype=np.float64) for w in layer.get_weights())
        activation = getattr(layer.activation, "__name__", str(layer.activation))
        if kernel.ndim != 2 or kernel.shape[1] != 1 or activation not in ("linear", "sigmoid"):
            raise InvalidArgumentError(f"a Dense layer with {kernel.shape[-1]} outputs and activation {activation}; "
                                       "one output, linear or sigmoid, is supported")
        return cls("logistic" if activation == "sigmoid" else "linear", kernel[:, 0], rest[0][0] if rest else 0.0)

    def __repr__(self) -> str:
        shown = ", ".join(f"{w:.4g}" for w in self.weights[:6]) + (", ..." if self.weights.size > 6 else "")
        return f"<LinearModel {self.kind}: weights [{shown}], intercept {self.intercept:.4g}>"
