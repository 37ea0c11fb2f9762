"""Bytes of ciphertexts and keys in pickles: from protocol 5 on they travel out of band where the pickler takes buffers."""

from __future__ import annotations

import pickle
from typing import Any


def carried(data: bytes, protocol: Any) -> Any:
    """What `__reduce_ex__` hands to the pickler in place of the bytes."""
    return pickle.PickleBuffer(data) if int(protocol) >= 5 else data


def taken(data: Any) -> bytes:
    """The bytes of what came back: without a copy where they were bytes."""
    return data if isinstance(data, bytes) else bytes(data)
