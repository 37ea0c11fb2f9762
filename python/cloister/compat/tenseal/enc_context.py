"""The context: parameters, keys and settings of a computation on encrypted tensors."""

import multiprocessing
from enum import Enum
from typing import Any, ClassVar

from cloister import _core
from cloister.compat._pickling import carried, taken
from cloister.compat.tenseal._context_data import ContextData
from cloister.compat.tenseal._errors import as_float, as_tenseal
from cloister.compat.tenseal._parameters import bfv_parameters, ckks_parameters, warn_above_2024

_DESERIALIZE_THREADS = 2


class ENCRYPTION_TYPE(Enum):
    """Whether others may encrypt too."""

    ASYMMETRIC = 0
    SYMMETRIC = 1


class SCHEME_TYPE(Enum):
    """BFV computes on integers, CKKS on real numbers."""

    NONE = 0
    BFV = 1
    CKKS = 2


class SEALPrimitive:
    """A handle on something of the engine's: `data`."""

    _kinds: ClassVar[tuple[type, ...]] = ()

    def __init__(self, data: Any) -> None:
        self.data = data

    @property
    def data(self) -> Any:
        """What the handle is on."""
        return self._data

    @data.setter
    def data(self, value: Any) -> None:
        if not isinstance(value, self._kinds):
            raise TypeError(f"value must be of type {' or '.join(str(kind) for kind in self._kinds)}")
        self._data = value

    @classmethod
    def _wrap(cls, data: Any) -> "SEALPrimitive":
        return cls(data)

    def __reduce__(self) -> Any:
        raise TypeError(f"cannot pickle {type(self).__name__}: serialize the context, naming the keys")


class SecretKey(SEALPrimitive):
    """Opens ciphertexts. Never pickled; `Context.serialize(save_secret_key=True)` saves it."""

    _kinds = (_core.engines.SecretKey,)


class PublicKey(SEALPrimitive):
    """Makes ciphertexts."""

    _kinds = (_core.engines.PublicKey,)


class GaloisKeys(SEALPrimitive):
    """Move values between slots."""

    _kinds = (_core.engines.GaloisKeys,)


class RelinKeys(SEALPrimitive):
    """Multiply ciphertexts."""

    _kinds = (_core.engines.RelinearizationKeys,)


class SEALContext(SEALPrimitive):
    """The engine of a context."""

    _kinds = (_core.engines.Engine,)


class Encryptor(SEALPrimitive):
    """A context that can encrypt."""

    _kinds = (ContextData,)


class Decryptor(SEALPrimitive):
    """A context that can decrypt."""

    _kinds = (ContextData,)


def _integers(values: list[Any]) -> list[int]:
    """Arguments that must be integers."""
    if any(not hasattr(value, "__index__") or isinstance(value, bool) for value in values):
        raise TypeError("new(): incompatible function arguments: integers are expected")
    return [int(value) for value in values]


class Context:
    """Parameters, keys and settings of a computation on encrypted tensors.

    `coeff_mod_bit_sizes` are the sizes of primes as in TenSEAL: the first holds results, each one between takes a
    multiplication, and the last stands for the engine's own special primes.
    """

    def __init__(
        self,
        scheme: SCHEME_TYPE | None = None,
        poly_modulus_degree: int | None = None,
        plain_modulus: int | None = None,
        coeff_mod_bit_sizes: list[int] = [],  # noqa: B006 - TenSEAL's signature; never changed
        encryption_type: ENCRYPTION_TYPE = ENCRYPTION_TYPE.ASYMMETRIC,
        n_threads: int | None = None,
        data: ContextData | None = None,
    ) -> None:
        if data is not None:
            self.data = data
            return
        if scheme == SCHEME_TYPE.BFV:
            if plain_modulus is None:
                raise ValueError("plain_modulus must be provided")
        elif scheme != SCHEME_TYPE.CKKS:
            raise ValueError("Invalid scheme type, use either SCHEME_TYPE.BFV or SCHEME_TYPE.CKKS")
        if not (isinstance(n_threads, int) and n_threads > 0):
            n_threads = multiprocessing.cpu_count()
        is_list = hasattr(coeff_mod_bit_sizes, "__iter__")
        degree, *sizes = _integers([poly_modulus_degree, *(coeff_mod_bit_sizes if is_list else [None])])
        asymmetric = encryption_type.value == ENCRYPTION_TYPE.ASYMMETRIC.value
        if scheme == SCHEME_TYPE.BFV:
            (modulus,) = _integers([plain_modulus])
            if modulus < 0:
                raise TypeError("new(): incompatible function arguments: the modulus is negative")
            self.data = ContextData.new(bfv_parameters(degree, modulus, sizes), asymmetric, n_threads)
        else:
            parameters = ckks_parameters(degree, sizes)
            self.data = ContextData.new(parameters, asymmetric, n_threads)
            warn_above_2024(parameters, self.data.engine)

    @property
    def data(self) -> ContextData:
        """What all contexts of one origin share."""
        return self._data

    @data.setter
    def data(self, value: ContextData) -> None:
        if not isinstance(value, ContextData):
            raise TypeError(f"value must be of type {ContextData}")
        self._data = value

    @classmethod
    def _wrap(cls, data: ContextData) -> "Context":
        return cls(data=data)

    def copy(self) -> "Context":
        """Another context with the same keys, all of them, and settings of its own."""
        return self._wrap(self.data.copy())

    def __copy__(self) -> "Context":
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> "Context":
        return self.copy()

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return (_unpickled, (carried(self.serialize(), protocol),))

    @classmethod
    def load(cls, data: bytes, n_threads: int | None = None) -> "Context":
        """From the bytes of `serialize`."""
        if not isinstance(data, (bytes, bytearray, memoryview, str)) or (n_threads is not None and n_threads < 0):
            raise TypeError("deserialize(): incompatible function arguments: bytes are expected")
        if isinstance(data, str):
            raise ValueError("failed to parse stream")
        if len(data) == 0:
            raise RuntimeError("I/O error: input stream ended unexpectedly")
        return cls._wrap(ContextData.deserialize(taken(data), n_threads or _DESERIALIZE_THREADS))

    def serialize(
        self,
        save_public_key: bool = True,
        save_secret_key: bool = False,
        save_galois_keys: bool = True,
        save_relin_keys: bool = True,
    ) -> bytes:
        """As bytes. With the secret key, the others are made anew when they are loaded."""
        return self.data.serialize(save_public_key, save_secret_key, save_galois_keys, save_relin_keys)

    @property
    def global_scale(self) -> float:
        """The scale that vectors have where none is given."""
        return self.data.global_scale

    @global_scale.setter
    def global_scale(self, value: float) -> None:
        scale = as_float(value, "global_scale")
        if scale < 0:
            raise ValueError("invalid scale value")
        self.data.scale = scale

    @property
    def auto_mod_switch(self) -> bool:
        """Kept for programs that read it: operands are always brought to one level."""
        return self.data.auto_mod_switch

    @auto_mod_switch.setter
    def auto_mod_switch(self, value: bool) -> None:
        self.data.auto_mod_switch = _flag(value)

    @property
    def auto_relin(self) -> bool:
        """Kept for programs that read it: products are always relinearized."""
        return self.data.auto_relin

    @auto_relin.setter
    def auto_relin(self, value: bool) -> None:
        self.data.auto_relin = _flag(value)

    @property
    def auto_rescale(self) -> bool:
        """Kept for programs that read it: products are always rescaled."""
        return self.data.auto_rescale

    @auto_rescale.setter
    def auto_rescale(self, value: bool) -> None:
        self.data.auto_rescale = _flag(value)

    def has_galois_keys(self) -> bool:
        """Whether values can be moved between slots."""
        return self.data.galois is not None

    def galois_keys(self) -> GaloisKeys:
        """The keys; ValueError where there are none."""
        return GaloisKeys(self.data.need_galois())

    def generate_galois_keys(self, secret_key: SecretKey | None = None) -> None:
        """Makes them from the context's secret key, or another context's."""
        with as_tenseal():
            self.data.galois = self.data.engine.galois_keys(self._secret(secret_key))

    def has_relin_keys(self) -> bool:
        """Whether ciphertexts can be multiplied."""
        return self.data.relinearization is not None

    def relin_keys(self) -> RelinKeys:
        """The keys; ValueError where there are none."""
        return RelinKeys(self.data.need_relinearization())

    def generate_relin_keys(self, secret_key: SecretKey | None = None) -> None:
        """Makes them from the context's secret key, or another context's."""
        with as_tenseal():
            self.data.relinearization = self.data.engine.relinearization_keys(self._secret(secret_key))

    def _secret(self, given: SecretKey | None) -> Any:
        if given is not None:
            if not isinstance(given, SecretKey):
                raise TypeError(f"incorrect type: {type(given)} != SecretKey")
            return given.data
        if self.data.secret is None:
            raise ValueError("you need to provide a secret_key")
        return self.data.secret

    def has_secret_key(self) -> bool:
        """Whether it can decrypt."""
        return self.data.secret is not None

    def secret_key(self) -> SecretKey:
        """The key; ValueError where there is none."""
        return SecretKey(self.data.need_secret())

    def has_public_key(self) -> bool:
        """Whether it can encrypt for the key's owner."""
        self._need_asymmetric("has_public_key")
        return self.data.public is not None

    def public_key(self) -> PublicKey:
        """The key; ValueError where there is none."""
        self._need_asymmetric("public_key")
        if self.data.public is None:
            raise ValueError("the current context doesn't hold a Public key")
        return PublicKey(self.data.public)

    def _need_asymmetric(self, what: str) -> None:
        if not self.data.asymmetric:
            raise ValueError(f"{what} is not supported for symmetric encryption")

    def is_private(self) -> bool:
        """Whether the secret key is at hand."""
        return self.has_secret_key()

    def is_public(self) -> bool:
        """Whether it is not."""
        return not self.has_secret_key()

    def seal_context(self) -> SEALContext:
        """A handle on the engine."""
        return SEALContext(self.data.engine)

    def encryptor(self) -> Encryptor:
        """A handle on the context; ValueError where it cannot encrypt."""
        self.data.encryption_key()
        return Encryptor(self.data)

    def decryptor(self) -> Decryptor:
        """A handle on the context; ValueError where it cannot decrypt."""
        if self.data.secret is None:
            raise ValueError("this context doesn't support decryption")
        return Decryptor(self.data)

    def make_context_public(self, generate_galois_keys: bool = False, generate_relin_keys: bool = False) -> None:
        """Forgets the secret key, after it has made the keys asked for."""
        self._need_asymmetric("make_context_public")
        if self.data.secret is None:
            return
        if generate_galois_keys:
            self.generate_galois_keys()
        if generate_relin_keys:
            self.generate_relin_keys()
        self.data.secret = None


def _flag(value: Any) -> bool:
    if value is not None and not isinstance(value, (bool, int)):
        raise TypeError("a bool is expected")
    return bool(value)


def _unpickled(data: Any) -> Context:
    return Context.load(taken(data))
