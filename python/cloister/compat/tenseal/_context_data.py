"""What a context is: an engine, the keys that are at hand, and the settings. Tensors share it."""

import json
import math
import struct
from dataclasses import asdict, dataclass, replace
from typing import Any

from cloister.compat.tenseal._errors import as_float, as_parsing, as_tenseal
from cloister.compat.tenseal._parameters import BfvParameters, CkksParameters, Parameters, engine_of

_MAGIC = b"CLTC\x01"
_MOST_HEADER_BYTES = 1 << 12
_MOST_LEVELS = 60


@dataclass
class ContextData:
    """Keys are None where they are not at hand."""

    parameters: Parameters
    engine: Any
    asymmetric: bool
    secret: Any = None
    public: Any = None
    relinearization: Any = None
    galois: Any = None
    scale: float | None = None
    auto_relin: bool = True
    auto_rescale: bool = True
    auto_mod_switch: bool = True

    @classmethod
    def new(cls, parameters: Parameters, asymmetric: bool, threads: int) -> "ContextData":
        """With a new secret key, the public key and those of relinearization."""
        engine = engine_of(parameters, threads)
        secret = engine.secret_key()
        public = engine.public_key(secret) if asymmetric else None
        return cls(parameters, engine, asymmetric, secret, public, engine.relinearization_keys(secret))

    def copy(self) -> "ContextData":
        """Keys are shared, settings are not."""
        return replace(self)

    @property
    def scheme(self) -> str:
        """"ckks" or "bfv"."""
        return "bfv" if isinstance(self.parameters, BfvParameters) else "ckks"

    @property
    def modulus_bits(self) -> int:
        """What scales must be below; 0 for BFV."""
        return 0 if isinstance(self.parameters, BfvParameters) else self.parameters.modulus_bits

    def need_scheme(self, scheme: str) -> None:
        if self.scheme != scheme:
            raise ValueError("unsupported scheme")

    @property
    def global_scale(self) -> float:
        if self.scale is None:
            raise ValueError("no global scale")
        return self.scale

    def need_relinearization(self) -> Any:
        if self.relinearization is None:
            raise ValueError("the current context doesn't hold Relinearization keys")
        return self.relinearization

    def need_galois(self) -> Any:
        if self.galois is None:
            raise ValueError("the current context doesn't hold a Galois keys")
        return self.galois

    def need_secret(self) -> Any:
        if self.secret is None:
            raise ValueError("the current context is public, it doesn't hold a Secret key")
        return self.secret

    def encryption_key(self) -> Any:
        """The secret key where it is at hand: less noise, and half the bytes."""
        if self.asymmetric and self.public is None:
            raise ValueError("this context doesn't support encryption")
        if self.secret is not None:
            return self.secret
        if self.public is None:
            raise ValueError("this context doesn't support encryption")
        return self.public

    def decryption_key(self, given: Any) -> Any:
        """The key that was given, or the context's own."""
        key = self.secret if given is None else given
        if key is None:
            raise ValueError(
                "the current context of the tensor doesn't hold a secret_key, please provide one as argument"
            )
        return key

    def checked_scale(self, scale: float | None) -> float:
        """What vectors are encoded with, as TenSEAL takes it."""
        value = self.global_scale if scale is None else as_float(scale, "scale")
        self.need_scheme("ckks")
        if not value > 0 or math.isinf(value) or int(math.log2(value)) + 1 >= self.modulus_bits:
            raise ValueError("scale out of bounds")
        return value

    def serialize(self, public: bool, secret: bool, galois: bool, relin: bool) -> bytes:
        """Public keys as bytes; where the secret is asked for, it alone, since it makes the others anew."""
        keeps = {
            "public": public and self.asymmetric and self.public is not None,
            "secret": secret and self.secret is not None,
            "galois": galois and self.galois is not None,
            "relin": relin and self.relinearization is not None,
        }
        header = json.dumps(
            {
                "scheme": self.scheme,
                "parameters": asdict(self.parameters),
                "asymmetric": self.asymmetric,
                "scale": self.scale,
                "auto": [self.auto_relin, self.auto_rescale, self.auto_mod_switch],
                "keys": keeps,
            }
        ).encode()
        with as_tenseal():
            parts = [header, *self._key_sections(keeps)]
        return b"".join([_MAGIC, *(struct.pack("<Q", len(part)) + part for part in parts)])

    def _key_sections(self, keeps: dict[str, bool]) -> list[bytes]:
        engine = self.engine
        if keeps["secret"]:
            return [engine.secret_key_to_bytes(self.secret)]
        writers = {
            "public": (engine.public_key_to_bytes, self.public),
            "galois": (engine.galois_keys_to_bytes, self.galois),
            "relin": (engine.relinearization_keys_to_bytes, self.relinearization),
        }
        return [write(key) for name, (write, key) in writers.items() if keeps[name]]

    @classmethod
    def deserialize(cls, data: bytes, threads: int) -> "ContextData":
        """From bytes that may be hostile: ValueError where they are no context."""
        with as_parsing("stream", ValueError):
            header, *sections = _split(data)
            if len(header) > _MOST_HEADER_BYTES:
                raise ValueError("the header is too long")
            fields = json.loads(header)
            parameters = _checked_parameters(fields["scheme"], fields["parameters"])
            made = cls(parameters, engine_of(parameters, threads), bool(fields["asymmetric"]))
            if fields["scale"] is not None:
                made.scale = float(fields["scale"])
            made.auto_relin, made.auto_rescale, made.auto_mod_switch = (bool(flag) for flag in fields["auto"])
            made._take_keys(fields["keys"], sections)
            return made

    def _take_keys(self, keeps: dict[str, Any], sections: list[bytes]) -> None:
        engine, names = self.engine, [name for name in ("public", "galois", "relin") if keeps[name]]
        if keeps["secret"]:
            (section,) = sections
            self.secret = engine.secret_key_from(section)
            makers = [engine.public_key, engine.galois_keys, engine.relinearization_keys]
            sources: list[Any] = [self.secret] * len(names)
        else:
            makers = [engine.public_key_from, engine.galois_keys_from, engine.relinearization_keys_from]
            sources = list(sections)
        make = dict(zip(("public", "galois", "relin"), makers, strict=True))
        for name, source in zip(names, sources, strict=True):
            setattr(self, "relinearization" if name == "relin" else name, make[name](source))


def _split(data: bytes) -> list[bytes]:
    if not data.startswith(_MAGIC):
        raise ValueError("not a context")
    out, at = [], len(_MAGIC)
    while at < len(data):
        if at + 8 > len(data):
            raise ValueError("truncated")
        (length,) = struct.unpack_from("<Q", data, at)
        at += 8
        if length > len(data) - at:
            raise ValueError("truncated")
        out.append(data[at : at + length])
        at += length
    return out


def _checked_parameters(scheme: str, fields: dict[str, Any]) -> Parameters:
    if any(type(value) is not (bool if name == "table_of_2018" else int) for name, value in fields.items()):
        raise ValueError("parameters of other types")
    if scheme == "bfv":
        made: Parameters = BfvParameters(**fields)
    else:
        made = CkksParameters(**fields)
        if not 0 <= made.levels <= _MOST_LEVELS:
            raise ValueError("parameters out of range")
    if not 10 <= made.log2_degree <= 15:
        raise ValueError("parameters out of range")
    return made
