"""The interface of python-paillier 1.5 on Cloister's engine, and encrypted vectors beside it."""

from cloister.compat.phe import encoding, paillier, util
from cloister.compat.phe.__about__ import (
    __author__,
    __copyright__,
    __email__,
    __license__,
    __summary__,
    __title__,
    __uri__,
    __version__,
)
from cloister.compat.phe.encoding import EncodedNumber
from cloister.compat.phe.engine import InsecureKeyWarning, SlowKeyWarning, set_threads
from cloister.compat.phe.paillier import (
    EncryptedNumber,
    PaillierPrivateKey,
    PaillierPrivateKeyring,
    PaillierPublicKey,
    generate_paillier_keypair,
)
from cloister.compat.phe.vectors import EncryptedVector, Packing

__all__ = [
    "EncodedNumber",
    "EncryptedNumber",
    "EncryptedVector",
    "InsecureKeyWarning",
    "Packing",
    "PaillierPrivateKey",
    "PaillierPrivateKeyring",
    "PaillierPublicKey",
    "SlowKeyWarning",
    "__author__",
    "__copyright__",
    "__email__",
    "__license__",
    "__summary__",
    "__title__",
    "__uri__",
    "__version__",
    "encoding",
    "generate_paillier_keypair",
    "paillier",
    "set_threads",
    "util",
]
