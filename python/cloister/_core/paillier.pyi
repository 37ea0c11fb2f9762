"""Ciphertexts of keys that are known by n."""



class PublicKey:
    """A public key by n; numbers are little-endian bytes."""

    def __init__(self, n: bytes, threads: int) -> None: ...

    def encrypt(self, arg: bytes, /) -> bytes:
        """Plaintexts below n, under fresh noise."""

    def encrypt_with(self, arg0: bytes, arg1: bytes, /) -> bytes:
        """(1 + m n) r^n for given r > 0 of a ciphertext's length."""

    def rerandomize(self, arg: bytes, /) -> bytes:
        """The same plaintexts in ciphertexts that cannot be linked."""

    def add_clear(self, arg0: bytes, arg1: bytes, /) -> bytes:
        """Ciphertexts times 1 + m n."""

    def multiply(self, arg0: bytes, arg1: bytes, /) -> bytes:
        """Products, one by one."""

    def invert(self, arg: bytes, /) -> bytes:
        """Inverses; of checked ciphertexts."""

    def power(self, bases: bytes, exponents: bytes, negative: bytes) -> bytes:
        """Powers, one by one; negative has a byte an exponent."""

    def combine(self, columns: bytes, exponents: bytes, negative: bytes) -> bytes:
        """The product over columns of their entries to the column's exponent."""

    def dot(self, terms: bytes, exponents: bytes, negative: bytes) -> bytes:
        """For each row of exponents the product of the terms' powers."""

    def check(self, arg: bytes, /) -> None:
        """Refuses what is no ciphertext."""

class SecretKey:
    """A key's factors, to decrypt with."""

    def __init__(self, key: PublicKey, p: bytes, q: bytes) -> None: ...

    def decrypt(self, arg: bytes, /) -> bytes:
        """The plaintexts of checked ciphertexts, in [0, n)."""

def generate_factors(arg: int, /) -> tuple:
    """The two secret primes of a new key."""

def power(arg0: bytes, arg1: bytes, arg2: bytes, /) -> bytes:
    """base^exponent modulo a positive number, in variable time."""

def invert(arg0: bytes, arg1: bytes, /) -> object:
    """The inverse modulo a positive number, or None."""

def is_probable_prime(arg: bytes, /) -> bool:
    """Baillie-PSW and rounds of Miller-Rabin."""
