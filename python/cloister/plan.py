"""Plans: what a job needs and promises, made before any key exists."""

from __future__ import annotations

import json
import os
from functools import cached_property
from typing import Any, Literal, TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cloister import _core
from cloister.progress import ProgressCallback, shown


class PlanRequest(TypedDict, total=False):
    """What `Plan.make` takes by name, which says what each stands for."""

    model: Literal["logistic", "linear"]
    scheme: Literal["ckks", "paillier"]
    job: Literal["train", "predict", "aggregate"]
    method: Literal["auto", "nesterov", "newton"]
    rows: int
    features: int
    predict_rows: int
    iterations: int
    products: int
    batches: int
    seed: int
    ridge: float
    tolerance: float
    max_error: float
    feature_bound: float
    small_keys: bool
    spectrum_cap: float | None
    spectrum_floor: float | None
    sigmoid_degree: int
    log2_degree: int
    iterations_per_bootstrap: int | None
    threads: int


class Plan:
    """A plan, which owner and server share. Make one with `Plan.make`, or read one that the command line made.

    It fixes scheme, parameters at 128-bit security, packing and levels, and states cost and error of the job.
    """

    def __init__(self, core: _core.Plan) -> None:
        self._core = core

    @classmethod
    def make(cls, *, progress: bool | ProgressCallback | None = None,
             **request: Unpack[PlanRequest]) -> Plan:
        """The cheapest plan for a request. `features` are always needed, `rows` but for predictions.

        The job:
            model: "logistic" (default) or "linear".
            scheme: "ckks" (default; trains and predicts) or "paillier" (adds sums; predicts with a clear model).
            job: "train" (default), "predict" (with a clear model of the server) or "aggregate" (several owners' sums).
            rows: rows to train on, more than the features; of all owners together, at most, where sums are added.
            features: columns, 1 to 4096, without intercept and target.
            predict_rows: rows to predict, for the estimates alone; 0 (default) or more.

        The training:
            iterations: passes, 1 to 1000; 0 (default): 7, or as many of Newton's as reach as far.
            tolerance: in place of iterations: what may be left of the way to the fit, above 0 and below 1; needs a
                ridge, or a spectrum_floor; 0 (default): none.
            ridge: penalty on large weights, 0 (default) or more.
            method: of a logistic training: "nesterov", "newton", or "auto" (default): the cheaper one.
            products: of Newton's method, an iteration, 1 to 32; 0 (default): the planner's choice.
            batches: mini-batches of a logistic training, 1 (default) to 65536.
            seed: of their order, which is public; 0 (default) or more.

        What is assumed of the data, and becomes public:
            feature_bound: no value is larger, 1 to 1e6; 16 (default).
            spectrum_cap: no eigenvalue of the columns' second moments is larger, above 0; None (default): the features'
                number decides.
            spectrum_floor: of a linear training, none is smaller, 0 or more and below the cap; None (default): no word.

        What is wanted of the plan:
            max_error: of every weight, or prediction, above 0; 0.001 (default).
            small_keys: True for the fewest bytes to upload in place of the least time; False (default).
            threads: of the machine, for the estimates alone; 1 (default).

        For experts, whose default is the planner's choice:
            sigmoid_degree: of the polynomial for the sigmoid, 3, 5 or 7; 0 (default).
            log2_degree: log2 of the ring degree, 12 to 17; 0 (default).
            iterations_per_bootstrap: from one bootstrap to the next, 0 to 1000, 0 for levels alone; None (default).

        Raises InvalidArgumentError for a request that makes no sense, and OutOfRangeError for one that does not fit
        128-bit security; the message names the nearest one that does. Cost: seconds for a logistic training.
        """
        with shown(progress) as told:
            return cls(_core.Plan.make(told, **request))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Plan:
        """A plan from its file, derived again from its request and compared. Raises DecodeError, SecurityError."""
        return cls(_core.Plan.load(path))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """The inverse of `to_json`, checked as `load` does."""
        return cls(_core.Plan.from_json(text))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a new file. Raises AlreadyExistsError where there is one."""
        self._core.save(path)

    def to_json(self) -> str:
        """The plan as its file has it."""
        return self._core.to_json()

    def clear_weights(self, features: ArrayLike, target: ArrayLike) -> NDArray[np.float64]:
        """What an encrypted training by this plan computes, in the clear: over prepared columns `[rows][features]`, the
        intercept first where the model is logistic. No encrypted one is further off than error_bound. Raises
        MismatchError where the plan trains nothing, or the rows do not fit it."""
        return self._core.clear_weights(np.ascontiguousarray(features, dtype=np.float64),
                                        np.ascontiguousarray(target, dtype=np.float64))

    @cached_property
    def _json(self) -> dict[str, Any]:
        return json.loads(self.to_json())

    @property
    def id(self) -> str:
        """The SHA-256 that keys, data, models and results carry."""
        return self._core.id

    @property
    def error_bound(self) -> float:
        """Of every weight, or prediction, against the same algorithm in the clear."""
        return self._core.error_bound

    @property
    def request(self) -> dict[str, Any]:
        """What was asked for, with defaults filled in."""
        return dict(self._json["request"])

    @property
    def estimates(self) -> dict[str, Any]:
        """Seconds, bytes and memory on the machine where the plan was made."""
        return dict(self._json["estimates"])

    @property
    def parameters(self) -> dict[str, Any]:
        """The scheme's parameters."""
        return dict(self._json.get("ckks") or self._json["paillier"])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plan) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __reduce__(self) -> tuple[Any, ...]:
        return Plan.from_json, (self.to_json(),)

    def __repr__(self) -> str:
        request, seconds = self.request, self.estimates["seconds"]
        what = f"{request['job']} a {request['model']} model with {request['scheme']}"
        size = f"{request['features']} features" + (f", {request['rows']} rows" if request.get("rows") else "")
        cost = ", ".join(f"{name} {value:.3g} s" for name, value in seconds.items() if value)
        return f"<Plan {self.id[:12]}: {what}; {size}; error at most {self.error_bound:.2g}; about {cost}>"
