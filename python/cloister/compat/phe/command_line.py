"""pheutil's commands: keys and encrypted numbers as JSON, in the files that python-paillier's own command reads and writes."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import cloister
from cloister.compat.phe import util
from cloister.compat.phe.paillier import (
    EncryptedNumber,
    PaillierPrivateKey,
    PaillierPublicKey,
    generate_paillier_keypair,
)

__all__ = ["main"]

KEYSIZE, EXPONENT = 2048, -32
MAX_BITS = 16384
"""Of a key's n; nothing longer is taken from a file."""
MAX_FILE_BYTES = 1 << 16
_MAX_DIGITS = 2 * MAX_BITS * 302 // 1000 + 2
_MAX_EXPONENT = 1 << 16


class InputError(ValueError):
    """A file or an argument is not what it should be."""


# Files


def _read(path: str) -> dict[str, Any]:
    try:
        if path == "-":
            text = sys.stdin.read(MAX_FILE_BYTES + 1)
        else:
            with open(path, encoding="utf-8") as file:
                text = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: it is not text") from error
    if len(text) > MAX_FILE_BYTES:
        raise InputError(f"{path}: it is longer than {MAX_FILE_BYTES} bytes")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: it is not JSON") from error
    if not isinstance(data, dict):
        raise InputError(f"{path}: it is not a JSON object")
    return data


def _write(path: str, text: str) -> None:
    if path == "-":
        print(text)
        return
    try:
        with open(path, "w", encoding="utf-8") as file:
            print(text, file=file)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def _write_secret(path: str, text: str) -> None:
    """For the owner's eyes, and never over another file."""
    if path == "-":
        print(text)
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; a private key does not replace a file") from error
    with open(descriptor, "w", encoding="utf-8") as file:
        print(text, file=file)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


# Their contents


def _integer(data: dict[str, Any], name: str, where: str) -> int:
    """A positive integer in base64."""
    value = data.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_BITS // 6 + 4:
        raise InputError(f"{where}: {name!r} is no number in base64")
    try:
        number = util.base64_to_int(value)
    except ValueError as error:
        raise InputError(f"{where}: {name!r} is no number in base64") from error
    if not 1 < number < 1 << MAX_BITS:
        raise InputError(f"{where}: {name!r} is out of range")
    return number


def _public_key(data: Any, where: str) -> PaillierPublicKey:
    if not isinstance(data, dict) or data.get("kty") != "DAJ" or data.get("alg") != "PAI-GN1":
        raise InputError(f"{where}: Invalid public key")
    n = _integer(data, "n", where)
    if n % 2 == 0 or n < 15:
        raise InputError(f"{where}: Invalid public key")
    return PaillierPublicKey(n)


def _private_key(path: str) -> PaillierPrivateKey:
    data = _read(path)
    if data.get("kty") != "DAJ" or "pub" not in data:
        raise InputError(f"{path}: Invalid private key")
    public_key = _public_key(data["pub"], path)
    try:
        return PaillierPrivateKey(public_key, _integer(data, "p", path), _integer(data, "q", path))
    except (ValueError, ZeroDivisionError) as error:
        raise InputError(f"{path}: Invalid private key") from error


def _encrypted(path: str, public_key: PaillierPublicKey) -> EncryptedNumber:
    data = _read(path)
    value, exponent = data.get("v"), data.get("e")
    digits = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS
    if not digits or type(exponent) is not int or abs(exponent) > _MAX_EXPONENT:
        raise InputError(f"{path}: Invalid encrypted number")
    ciphertext = int(value)
    if not 0 < ciphertext < public_key.nsquare:
        raise InputError(f"{path}: Invalid encrypted number: it is not below n^2")
    return EncryptedNumber(public_key, ciphertext, exponent)


def _serialized(number: EncryptedNumber) -> str:
    if number.exponent > EXPONENT:
        number = number.decrease_exponent_to(EXPONENT)
    elif number.exponent < EXPONENT:
        _say(f"Exponent is less than {EXPONENT}")
    return json.dumps({"v": str(number.ciphertext()), "e": number.exponent})


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"{text!r} is no number") from error


# Commands


def _genpkey(arguments: argparse.Namespace) -> None:
    if not 6 <= arguments.keysize <= MAX_BITS:
        raise InputError(f"a key has from 6 to {MAX_BITS} bits, not {arguments.keysize}")
    _say(f"Generating a paillier keypair with keysize of {arguments.keysize}")
    public_key, private_key = generate_paillier_keypair(n_length=arguments.keysize)
    _say("Keys generated")
    now = f"{datetime.datetime.now():%Y-%m-%d %H:%M:%S}"
    public = {"kty": "DAJ", "alg": "PAI-GN1", "key_ops": ["encrypt"], "n": util.int_to_base64(public_key.n),
              "kid": f"Paillier public key generated by pheutil on {now}"}
    private = {"kty": "DAJ", "key_ops": ["decrypt"], "p": util.int_to_base64(private_key.p),
               "q": util.int_to_base64(private_key.q), "pub": public,
               "kid": arguments.id or f"Paillier private key generated by pheutil on {now}"}
    _write_secret(arguments.output, json.dumps(private))
    _say(f"Private key written to {_name(arguments.output)}")


def _name(path: str) -> str:
    return "<stdout>" if path == "-" else path


def _extract(arguments: argparse.Namespace) -> None:
    _say("Loading paillier keypair")
    data = _read(arguments.input)
    if "pub" not in data:
        raise InputError(f"{arguments.input}: Invalid private key")
    _public_key(data["pub"], arguments.input)
    _write(arguments.output, json.dumps(data["pub"]))
    _say(f"Public key written to {_name(arguments.output)}")


def _load_public(path: str) -> PaillierPublicKey:
    _say("Loading public key")
    return _public_key(_read(path), path)


def _encrypt(arguments: argparse.Namespace) -> None:
    public_key = _load_public(arguments.public)
    number = _number(arguments.plaintext)
    _say("Encrypting")
    _write(arguments.output, _serialized(public_key.encrypt(number)))


def _decrypt(arguments: argparse.Namespace) -> None:
    _say("Loading private key")
    private_key = _private_key(arguments.private)
    _say("Decrypting ciphertext")
    _write(arguments.output, str(private_key.decrypt(_encrypted(arguments.ciphertext, private_key.public_key))))


def _add(arguments: argparse.Namespace) -> None:
    public_key = _load_public(arguments.public)
    encrypted, number = _encrypted(arguments.encrypted, public_key), _number(arguments.plaintext)
    _say("Adding")
    _write(arguments.output, _serialized(encrypted + number))


def _addenc(arguments: argparse.Namespace) -> None:
    public_key = _load_public(arguments.public)
    a, b = _encrypted(arguments.encrypted_a, public_key), _encrypted(arguments.encrypted_b, public_key)
    _say("Adding encrypted numbers together")
    _write(arguments.output, _serialized(a + b))


def _multiply(arguments: argparse.Namespace) -> None:
    public_key = _load_public(arguments.public)
    encrypted, number = _encrypted(arguments.encrypted, public_key), _number(arguments.plaintext)
    _say("Multiplying")
    _write(arguments.output, _serialized(encrypted * number))


_COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], None], str, tuple[str, ...]]] = {
    "genpkey": (_genpkey, "Generate a private key; \"-\" is standard output.", ("output",)),
    "extract": (_extract, "Take the public key out of a private one.", ("input", "output")),
    "encrypt": (_encrypt, "Encrypt a number; put \"--\" before a negative one.", ("public", "plaintext")),
    "decrypt": (_decrypt, "Decrypt a number.", ("private", "ciphertext")),
    "add": (_add, "Add a clear number to an encrypted one.", ("public", "encrypted", "plaintext")),
    "addenc": (_addenc, "Add two encrypted numbers.", ("public", "encrypted_a", "encrypted_b")),
    "multiply": (_multiply, "Multiply an encrypted number by a clear one.", ("public", "encrypted", "plaintext")),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pheutil", description="python-paillier's commands on Cloister's engine.",
                                     allow_abbrev=False)
    parser.add_argument("--version", action="version", version="pheutil of Cloister, as of phe 1.5")
    parser.add_argument("-v", "--verbose", action="store_true", help="accepted; there is nothing more to say")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (_, text, positional) in _COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        for argument in positional:
            command.add_argument(argument, metavar=argument.upper())
        if "output" not in positional:
            command.add_argument("--output", metavar="FILENAME", default="-", help="a file in place of standard output")
        if name == "genpkey":
            command.add_argument("--keysize", type=int, default=KEYSIZE, help="bits (default: %(default)s)")
            command.add_argument("--id", metavar="TEXT", help="a comment on the key")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command: 0 if it was done, 1 if its files or numbers were not what they should be, 2 for wrong usage."""
    sys.set_int_max_str_digits(_MAX_DIGITS)
    chosen = _parser().parse_args(arguments)
    try:
        _COMMANDS[chosen.command][0](chosen)
    except (ValueError, OverflowError, cloister.Error) as error:
        _say(f"Error: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
