"""Models in the clear: what an owner decrypts, and what a server that has its own model predicts with."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cloister.errors import AlreadyExistsError, InvalidArgumentError, NotFoundError

Kind = Literal["logistic", "linear"]
_FORMAT = "cloister clear model 1"


def _sigmoid(margins: NDArray[np.float64]) -> NDArray[np.float64]:
    positive = margins >= 0
    small = np.exp(-np.abs(margins))
    return np.where(positive, 1, small) / (1 + small)


def feature_rows(features: ArrayLike) -> NDArray[np.float64]:
    """Features as contiguous `[rows][features]`. Raises InvalidArgumentError for what is no matrix of numbers."""
    try:
        rows = np.ascontiguousarray(features, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(f"features are numbers; encode categories first ({error})") from error
    if rows.ndim != 2:
        raise InvalidArgumentError(f"features have {rows.ndim} dimensions; give [rows][features]")
    return rows


@dataclass(frozen=True, eq=False, init=False)
class LinearModel:
    """w . x + b, with the sigmoid behind it where the kind is logistic. Equal to one of the same kind and values."""

    kind: Kind
    weights: NDArray[np.float64]  #: [features], read-only
    intercept: float
    names: list[str]  #: of the features, or none

    def __init__(self, kind: Kind, weights: ArrayLike, intercept: float = 0.0, names: Sequence[str] = ()) -> None:
        """Copies what it is given. Raises InvalidArgumentError for what is no model."""
        try:
            own, intercept = np.array(weights, dtype=np.float64), float(intercept)
        except (TypeError, ValueError) as error:
            raise InvalidArgumentError(f"a model's weights and intercept are numbers: {error}") from error
        names = [str(name) for name in names]
        if kind not in ("logistic", "linear"):
            raise InvalidArgumentError(f"a model's kind is logistic or linear, not {kind!r}")
        if own.ndim != 1 or own.size == 0 or not np.isfinite(own).all() or not math.isfinite(intercept):
            raise InvalidArgumentError("a model has a finite weight for each feature, and a finite intercept")
        if names and len(names) != own.size:
            raise InvalidArgumentError(f"{len(names)} names for {own.size} weights")
        own.flags.writeable = False
        for name, value in (("kind", kind), ("weights", own), ("intercept", intercept), ("names", names)):
            object.__setattr__(self, name, value)

    def _values(self) -> tuple[Any, ...]:
        return self.kind, tuple(self.weights.tolist()), self.intercept, tuple(self.names)

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if isinstance(other, LinearModel) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def _matrix(self, features: ArrayLike) -> NDArray[np.float64]:
        """Rows of the model's columns in its order."""
        order, rows = self._order(features), feature_rows(features)
        if rows.shape[1] != self.weights.size:
            shown = f" ({_first(self.names)})" if self.names else ""
            raise InvalidArgumentError(f"{rows.shape[1]} columns for a model of {self.weights.size}{shown}")
        return rows if order is None else rows[:, order]

    def _order(self, features: Any) -> list[int] | None:
        """Where a frame has the model's columns; None for arrays, and for a model without names."""
        if not self.names or not hasattr(features, "columns"):
            return None
        given = [str(name) for name in features.columns]
        if given == self.names:
            return None
        missing, unknown = set(self.names) - set(given), set(given) - set(self.names)
        said = [f"it has no {_first(sorted(missing))}"] * bool(missing)
        said += [f"the model knows no {_first(sorted(unknown))}"] * bool(unknown)
        if said:
            raise InvalidArgumentError(f"the frame's columns are not the model's: {', and '.join(said)}")
        if len(given) != len(self.names) or len(set(given)) != len(given):
            raise InvalidArgumentError(f"the frame or the model ({_first(self.names)}) has a column twice")
        return [given.index(name) for name in self.names]

    def margins(self, features: ArrayLike) -> NDArray[np.float64]:
        """w . x + b of each row; features is `[rows][features]`. A model with names takes a frame's columns by name.

        Raises InvalidArgumentError for other columns than the model's.
        """
        return self._matrix(features) @ self.weights + self.intercept

    def predict(self, features: ArrayLike) -> NDArray[np.float64]:
        """Probabilities of a logistic model, values of a linear one; features as for `margins`."""
        return self.of_margins(self.margins(features))

    def of_margins(self, margins: ArrayLike) -> NDArray[np.float64]:
        """What predictions are, from margins that were computed on encrypted rows."""
        margins = np.asarray(margins, dtype=np.float64)
        return _sigmoid(margins) if self.kind == "logistic" else margins

    def save(self, path: str | os.PathLike[str]) -> None:
        """A new file, as the command line's `predict --model` takes it.

        Raises AlreadyExistsError where there is one, and NotFoundError where its folder is missing.
        """
        try:
            with open(path, "x", encoding="utf-8") as out:
                json.dump({"format": _FORMAT, "model": self.kind, "names": self.names,
                           "weights": self.weights.tolist(), "intercept": self.intercept}, out, indent=2)
        except FileExistsError as error:
            raise AlreadyExistsError(f"{path} is there; remove it, or give another path") from error
        except FileNotFoundError as error:
            raise NotFoundError(f"the folder of {path} is not there; make it first") from error

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> LinearModel:
        """From such a file. Raises NotFoundError where there is none, and InvalidArgumentError for anything else."""
        try:
            found = json.loads(Path(path).read_text(encoding="utf-8"))
            if found["format"] != _FORMAT:
                raise ValueError(f"its format is {found['format']!r}")
            return cls(found["model"], found["weights"], found["intercept"], found["names"])
        except FileNotFoundError as error:
            raise NotFoundError(f"{path} is not there; make it with LinearModel.save") from error
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidArgumentError(f"{path} is no model: {error}") from error

    @classmethod
    def from_sklearn(cls, estimator: Any, kind: Kind | None = None) -> LinearModel:
        """From a fitted linear estimator of one output, or a Pipeline of StandardScalers and one.

        Without a kind it is linear where `predict` gives w . x + b, and logistic where `predict_proba` gives its
        sigmoid. Raises InvalidArgumentError where neither does, so that no model predicts something else than its
        estimator; with a kind the weights are taken as they are.
        """
        from cloister import foreign

        return foreign.from_sklearn(estimator, kind)

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
        from cloister import foreign

        return foreign.from_torch(module, kind)

    def to_torch(self) -> Any:
        """The same as a torch module in double precision."""
        import torch

        linear = torch.nn.Linear(self.weights.size, 1, dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(self.weights[np.newaxis, :].copy()))
            linear.bias.fill_(self.intercept)
        return torch.nn.Sequential(linear, torch.nn.Sigmoid()) if self.kind == "logistic" else linear

    @classmethod
    def from_keras(cls, layer: Any) -> LinearModel:
        """From a Keras `Dense` layer with one output: linear, or logistic where its activation is the sigmoid."""
        from cloister import foreign

        return foreign.from_keras(layer)

    def __repr__(self) -> str:
        shown = ", ".join(f"{w:.4g}" for w in self.weights[:6]) + (", ..." if self.weights.size > 6 else "")
        return f"<LinearModel {self.kind}: weights [{shown}], intercept {self.intercept:.4g}>"


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
