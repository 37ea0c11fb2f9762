"""Tensors: encrypted ones, and the clear ones that they compute with."""

from cloister.compat.tenseal.tensors.bfvtensor import BFVTensor
from cloister.compat.tenseal.tensors.bfvvector import BFVVector
from cloister.compat.tenseal.tensors.ckkstensor import CKKSTensor
from cloister.compat.tenseal.tensors.ckksvector import CKKSVector
from cloister.compat.tenseal.tensors.plaintensor import PlainTensor

__all__ = ["BFVTensor", "BFVVector", "CKKSTensor", "CKKSVector", "PlainTensor"]
