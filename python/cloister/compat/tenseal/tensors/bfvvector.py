"""Encrypted vectors of integers, by BFV: many numbers a ciphertext, exact modulo the context's plain modulus."""

from typing import Any

import cloister.compat.tenseal.enc_context as enc_context
from cloister.compat.tenseal.tensors._integers import Integers
from cloister.compat.tenseal.tensors._packed_vector import PackedVector


class BFVVector(Integers, PackedVector):
    """A vector of integers, encrypted under a context's key."""

    _stream = "BFV stream"

    def __init__(
        self,
        context: "enc_context.Context | None" = None,
        vector: Any = None,
        data: "BFVVector | None" = None,
    ) -> None:
        if data is None:
            self._encrypt_vector(context, vector)
        elif isinstance(data, BFVVector):
            self._become(data)
        else:
            raise TypeError(f"value must be of type {BFVVector}")
