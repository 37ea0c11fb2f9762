"""
What the package's modules are made on: the schemes and the steps of the pipeline.
"""

from collections.abc import Sequence
import os
from typing import Annotated

import numpy
from numpy.typing import NDArray

from cloister._core import engines as engines, paillier as paillier


def error_codes() -> list[tuple[str, str]]:
    """The core's table of errors: exception and code of each row."""

class Plan:
    """What a job needs and promises, made before any key exists."""

    @staticmethod
    def make(progress: object | None, **request) -> Plan: ...

    @staticmethod
    def from_json(text: str) -> Plan: ...

    @staticmethod
    def load(path: str | os.PathLike) -> Plan: ...

    def save(self, path: str | os.PathLike) -> None: ...

    def clear_weights(self, features: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], target: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.float64], dict(shape=(None,))]:
        """
        What an encrypted training by this plan computes, in the clear: the intercept first where the model is logistic.
        """

    def to_json(self) -> str: ...

    @property
    def id(self) -> str: ...

    @property
    def error_bound(self) -> float: ...

def clear_weights(features: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], target: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], **request) -> Annotated[NDArray[numpy.float64], dict(shape=(None,))]: ...

def suggested_spectrum_cap(features: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], labels: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> float: ...

def check_passphrase(passphrase: str) -> None: ...

def generate_keys(plan: str | os.PathLike, secret_key: str | os.PathLike, public_keys: str | os.PathLike, passphrase: str | None, threads: int, progress: object | None) -> None: ...

def encrypt_training_rows(plan: str | os.PathLike, secret_key: str | os.PathLike, dataset: str | os.PathLike, features: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], target: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], passphrase: str | None, threads: int, progress: object | None) -> None: ...

def encrypt_rows(plan: str | os.PathLike, public_key: str | os.PathLike, secret_key: str | os.PathLike, rows: str | os.PathLike, features: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], passphrase: str | None, threads: int, progress: object | None) -> None: ...

def encrypt_sums(plan: str | os.PathLike, public_key: str | os.PathLike, sums: str | os.PathLike, features: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], target: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], threads: int, progress: object | None) -> None: ...

def decrypt_model(plan: str | os.PathLike, secret_key: str | os.PathLike, model: str | os.PathLike, passphrase: str | None, threads: int, progress: object | None) -> tuple: ...

def decrypt_predictions(plan: str | os.PathLike, secret_key: str | os.PathLike, predictions: str | os.PathLike, passphrase: str | None, threads: int, progress: object | None) -> tuple: ...

def train(plan: str | os.PathLike, evaluation_keys: str | os.PathLike, dataset: str | os.PathLike, model: str | os.PathLike, checkpoints: str | os.PathLike, threads: int, progress: object | None) -> None: ...

def predict(plan: str | os.PathLike, keys: str | os.PathLike, rows: str | os.PathLike, model: str | os.PathLike, predictions: str | os.PathLike, threads: int, progress: object | None) -> None: ...

def aggregate(plan: str | os.PathLike, public_key: str | os.PathLike, sums: Sequence[str | os.PathLike], total: str | os.PathLike, threads: int, progress: object | None) -> None: ...

def kernels() -> str:
    """The vector instructions that this machine's kernels use."""
