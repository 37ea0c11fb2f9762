"""Estimators by scikit-learn's rules. `mode` says how `fit` computes:

- "encrypted": plans, makes keys, encrypts the rows, trains on the ciphertexts and decrypts the model, in a folder of its
  own that is removed afterwards (or stays, where `folder` names it). One process plays owner and server here; for two
  machines use `cloister.Owner` and `cloister.Server`.
- "simulate": makes the same plan, and computes in the clear what it would compute on ciphertexts, with an error on the
  weights as large as the plan allows. It shows what encryption will cost in accuracy, refuses what it would refuse, and
  protects nothing.
- "clear": the same iterations with the sigmoid itself, without any error.
"""

from __future__ import annotations

import contextlib
import math
import secrets
import tempfile
from collections.abc import Iterator
from numbers import Real
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

from cloister import _core
from cloister.errors import InvalidArgumentError
from cloister.model import LinearModel, _sigmoid
from cloister.parties import Owner, Progress, Server
from cloister.plan import Plan

Mode = Literal["encrypted", "simulate", "clear"]

_DEFAULT_ITERATIONS = 7
_MOST_DEVIATIONS = 1e6
_PLANS_KEPT = 64
_plans: dict[tuple[Any, ...], Plan] = {}


def _plan_of(request: dict[str, Any], progress: Progress) -> Plan:
    """The plan of a request, which those who cross-validate ask for again and again."""
    key = tuple(sorted(request.items()))
    if key not in _plans:
        made = Plan.make(progress=progress, **request)
        while len(_plans) >= _PLANS_KEPT:
            _plans.pop(next(iter(_plans)), None)
        _plans[key] = made
    return _plans[key]


class _EncryptedLinearModel(BaseEstimator):
    """What all have in common: standardized columns in, one weight a column out."""

    _kind: Literal["logistic", "linear"]

    def __init__(self, *, mode: Mode = "encrypted", iterations: int | None = None, max_error: float = 1e-3,
                 spectrum_cap: float | Literal["auto"] | None = "auto", clip: float = 16.0, threads: int = 0,
                 folder: str | None = None, progress: Progress = None, random_state: Any = None) -> None:
        self.mode = mode
        self.iterations = iterations
        self.max_error = max_error
        self.spectrum_cap = spectrum_cap
        self.clip = clip
        self.threads = threads
        self.folder = folder
        self.progress = progress
        self.random_state = random_state

    def _more_request(self) -> dict[str, Any]:
        return {}

    def _checked(self, *arrays: Any, **how: Any) -> Any:
        """scikit-learn's check of what was passed, as float64."""
        return validate_data(self, *arrays, dtype=np.float64, **how)

    def _prepared(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        standardized = (features - self.mean_) / self.scale_
        return np.ascontiguousarray(np.clip(standardized, -self.clip, self.clip))

    def _fit_scaling(self, features: NDArray[np.float64]) -> None:
        self.mean_ = features.mean(axis=0)
        scale = features.std(axis=0)
        self.scale_ = np.where(scale > 1e-12 * np.maximum(np.abs(self.mean_), 1), scale, 1.0)

    def _request(self, features: NDArray[np.float64], labels: NDArray[np.float64]) -> dict[str, Any]:
        request: dict[str, Any] = {"model": self._kind, "max_error": self.max_error,
                                   "feature_bound": max(float(self.clip), 1.0), **self._more_request()}
        request["iterations"] = _DEFAULT_ITERATIONS if self.iterations is None else self.iterations
        if self.spectrum_cap == "auto":
            request["spectrum_cap"] = _core.suggested_spectrum_cap(features, labels)
        elif self.spectrum_cap is not None:
            request["spectrum_cap"] = float(self.spectrum_cap)
        return request

    def _check_parameters(self) -> None:
        if self.mode not in ("encrypted", "simulate", "clear"):
            raise InvalidArgumentError(f"mode is {self.mode!r}; give encrypted, simulate or clear")
        if not 0 < self.clip <= _MOST_DEVIATIONS:
            raise InvalidArgumentError(f"clip is {self.clip!r}; give the deviations within which columns are kept, as 16")
        cap = self.spectrum_cap
        if cap not in ("auto", None) and not (isinstance(cap, Real) and math.isfinite(cap)):
            raise InvalidArgumentError(f'spectrum_cap is {cap!r}; give a number, "auto" or None')

    def _trained(self, features: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weights over prepared columns, the intercept first where the model is logistic."""
        labels = target if self._kind == "logistic" else np.empty(0)
        request = self._request(features, labels)
        self.__dict__.pop("plan_", None)
        self.n_iter_, self.error_bound_ = request["iterations"], 0.0
        if self.mode == "clear":
            return _core.clear_weights(features, target, **request)
        rows, columns = features.shape
        self.plan_ = _plan_of(request | {"rows": rows, "features": columns, "threads": max(self.threads, 1)},
                              self.progress)
        self.error_bound_ = self.plan_.error_bound
        if self.mode == "encrypted":
            return self._trained_encrypted(features, target)
        # On the sphere of the bound, which is one of the whole vector: no encrypted training is further off.
        weights = self.plan_.clear_weights(features, target)
        direction = check_random_state(self.random_state).standard_normal(weights.size)
        return weights + self.error_bound_ * direction / np.linalg.norm(direction)

    @contextlib.contextmanager
    def _folder(self) -> Iterator[Path]:
        if self.folder is not None:
            yield Path(self.folder)
        else:
            with tempfile.TemporaryDirectory(prefix="cloister-") as made:
                yield Path(made)

    def _trained_encrypted(self, features: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
        with self._folder() as folder:
            shared: dict[str, Any] = {"threads": self.threads, "progress": self.progress}
            # Nobody reads the key again: it is sealed under what is forgotten with this call.
            owner = Owner(folder / "owner", folder / "server", passphrase=secrets.token_urlsafe(24), **shared)
            owner.plan(self.plan_)
            owner.keygen()
            owner.encrypt_training(features, target)
            Server(folder / "server", **shared).train()
            model = owner.decrypt_model()
        return np.append(model.intercept, model.weights) if self._kind == "logistic" else model.weights

    def to_model(self) -> LinearModel:
        """The fitted model over the columns as they were given, before scaling."""
        check_is_fitted(self)
        return LinearModel(self._kind, self.coef_.reshape(-1), float(np.ravel(self.intercept_)[0]),
                           list(getattr(self, "feature_names_in_", [])))


class EncryptedLogisticRegression(ClassifierMixin, _EncryptedLinearModel):
    """Logistic regression of two classes by Nesterov's or Newton's method on encrypted rows.

    Parameters: `mode` (see the module), `iterations` (7 unless given), `ridge` (penalty on large weights over
    standardized columns), `method` ("nesterov" or "newton"), `sigmoid_degree` (3, 5 or 7, of the polynomial in the
    sigmoid's place; else the plan chooses), `max_error` (that encryption may bring to the weights over standardized
    columns), `spectrum_cap` ("auto" publishes one coarse number of the data; None assumes the worst), `clip` (columns are
    kept within so many deviations), `threads` (0 for all of the machine's), `folder` (what was encrypted stays there, new;
    nobody can read it, since the key's passphrase is forgotten), `progress`, `random_state` (of simulated errors).

    Attributes: `coef_` `[1][features]`, `intercept_` [1], `classes_`, `n_iter_`, `mean_`, `scale_`; `error_bound_`, of the
    weights over standardized columns against the same algorithm in the clear, and `coef_error_bound_`, of each number of
    `coef_`; and, unless the mode is clear, `plan_`. Weights are those of the columns as given; beyond `clip` deviations
    a prediction on scaled columns (`decision_function`) and one by `coef_` differ.
    """

    _kind = "logistic"

    def __init__(self, *, mode: Mode = "encrypted", iterations: int | None = None, ridge: float = 0.0,
                 method: Literal["nesterov", "newton"] = "nesterov", sigmoid_degree: Literal[3, 5, 7] | None = None,
                 max_error: float = 1e-3, spectrum_cap: float | Literal["auto"] | None = "auto", clip: float = 16.0,
                 threads: int = 0, folder: str | None = None, progress: Progress = None,
                 random_state: Any = None) -> None:
        super().__init__(mode=mode, iterations=iterations, max_error=max_error, spectrum_cap=spectrum_cap, clip=clip,
                         threads=threads, folder=folder, progress=progress, random_state=random_state)
        self.ridge = ridge
        self.method = method
        self.sigmoid_degree = sigmoid_degree

    def _more_request(self) -> dict[str, Any]:
        more: dict[str, Any] = {"ridge": self.ridge, "method": self.method}
        if self.sigmoid_degree is not None:
            more["sigmoid_degree"] = self.sigmoid_degree
        if self.method == "newton" and self.mode == "clear":
            more["products"] = 3  # no plan chooses them
        return more

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Trains on X `[rows][features]` and y of two classes. Raises cloister.Error where no plan fits."""
        self._check_parameters()
        features, target = self._checked(X, y, ensure_min_samples=2)
        check_classification_targets(target)
        self.classes_, labels = np.unique(target, return_inverse=True)
        if self.classes_.size != 2:
            raise ValueError("Only binary classification is supported. " + (
                "The data contains only one class" if self.classes_.size == 1 else
                f"The type of the target is multiclass: it has {self.classes_.size} classes"))
        self._fit_scaling(features)
        weights = self._trained(self._prepared(features), labels.astype(np.float64))
        scaled = weights[1:] / self.scale_
        self.coef_ = scaled[np.newaxis, :]
        self.coef_error_bound_ = (self.error_bound_ / self.scale_)[np.newaxis, :]
        self.intercept_ = np.array([weights[0] - scaled @ self.mean_])
        self._weights = weights
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """w . x + b of each row."""
        check_is_fitted(self)
        features = self._checked(X, reset=False)
        return self._prepared(features) @ self._weights[1:] + self._weights[0]

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """`[rows][2]`, of both classes."""
        second = _sigmoid(self.decision_function(X))
        return np.column_stack([1 - second, second])

    def predict_log_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """The logarithm of predict_proba."""
        return np.log(self.predict_proba(X))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The likelier class of each row."""
        likelier = (self.decision_function(X) > 0).astype(int)
        return self.classes_[likelier]


class _EncryptedRegression(RegressorMixin, _EncryptedLinearModel):
    _kind = "linear"

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Trains on X `[rows][features]` and y [rows]. Raises cloister.Error where no plan fits."""
        self._check_parameters()
        features, given = self._checked(X, y, y_numeric=True, ensure_min_samples=2)
        self._fit_scaling(features)
        mean, deviation = given.mean(), given.std()
        spread = deviation if deviation > 0 else 1.0
        target = np.clip((given - mean) / spread, -self.clip, self.clip)
        self._weights = self._trained(self._prepared(features), np.ascontiguousarray(target)) * spread
        self._mean_target = float(mean)
        self.coef_ = self._weights / self.scale_
        self.coef_error_bound_ = self.error_bound_ * spread / self.scale_
        self.intercept_ = float(mean - self.coef_ @ self.mean_)
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """w . x + b of each row."""
        check_is_fitted(self)
        features = self._checked(X, reset=False)
        return self._prepared(features) @ self._weights + self._mean_target


class EncryptedLinearRegression(_EncryptedRegression):
    """Least squares on encrypted rows. Parameters and attributes as EncryptedLogisticRegression's, but for `ridge`,
    `method` and `classes_`; `iterations` counts products with the matrix of the columns. `error_bound_` is over a
    standardized target too."""


class EncryptedRidge(_EncryptedRegression):
    """Least squares with a penalty: the mean of (y - w . x - b)^2 plus `ridge` |w|^2, over standardized columns."""

    def __init__(self, *, ridge: float = 0.1, mode: Mode = "encrypted", iterations: int | None = None,
                 max_error: float = 1e-3, spectrum_cap: float | Literal["auto"] | None = "auto", clip: float = 16.0,
                 threads: int = 0, folder: str | None = None, progress: Progress = None,
                 random_state: Any = None) -> None:
        super().__init__(mode=mode, iterations=iterations, max_error=max_error, spectrum_cap=spectrum_cap, clip=clip,
                         threads=threads, folder=folder, progress=progress, random_state=random_state)
        self.ridge = ridge

    def _more_request(self) -> dict[str, Any]:
        return {"ridge": self.ridge}
