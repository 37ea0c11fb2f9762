"""Encrypted tensors of integers, by BFV: exact modulo the context's plain modulus."""

from typing import Any

import cloister.compat.tenseal.enc_context as enc_context
from cloister.compat.tenseal.tensors._element_tensor import ElementTensor
from cloister.compat.tenseal.tensors._integers import Integers


class BFVTensor(Integers, ElementTensor):
    """A tensor of integers, encrypted under a context's key; `batch` as of `CKKSTensor`."""

    _stream = "BFV tensor stream"

    def __init__(
        self,
        context: "enc_context.Context | None" = None,
        tensor: Any = None,
        batch: bool = False,
        data: "BFVTensor | None" = None,
    ) -> None:
        if data is None:
            self._encrypt_tensor(context, tensor, batch)
        elif isinstance(data, BFVTensor):
            self._become(data)
        else:
            raise TypeError(f"value must be of type {BFVTensor}")
