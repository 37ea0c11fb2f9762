"""Plans: what a job needs and promises, made before any key exists."""

from __future__ import annotations

import json
import os
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cloister import _core
from cloister.progress import ProgressCallback, shown


class Plan:
    """A plan, which owner and server share. Make one with `Plan.make`, or read one that the command line made.

    It fixes scheme, parameters at 128-bit security, packing and levels, and states cost and error of the job.
    """

    def __init__(self, core: _core.Plan) -> None:
        self._core = core

    @classmethod
    def make(cls, *, progress: bool | ProgressCallback | None = None, **request: Any) -> Plan:
        """The cheapest plan for a request: `model` ("logistic", "linear"), `scheme` ("ckks", "paillier"), `job`
        ("train", "predict", "aggregate"), `rows`, `features`, `iterations`, `ridge`, `max_error`, `spectrum_cap` and
        what else `cloister plan --help` lists, by the same names.

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
