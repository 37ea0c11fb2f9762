#!/usr/bin/env python3
"""Shows that link_set_test.py can fail: on programs built here, and on sets of names."""

import contextlib
import io
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import link_set_test  # noqa: E402

COMMON = "namespace cloister {" + "".join(f"int work{i}(int x) {{ return x + {i}; }}" for i in range(250)) + "}\n"
OWNER = """namespace cloister {
struct SecretKey { int limbs; };
struct Passphrase { int length() const; };
int Passphrase::length() const { return 8; }
struct KeyGenerator { SecretKey generate_secret_key(); };
SecretKey KeyGenerator::generate_secret_key() { return {1}; }
int decrypt(const SecretKey& key) { return key.limbs; }
}
"""
MAIN = "int main() { return 0; }\n"

PLAIN_NAMES = {f"cloister::work{i}(int)" for i in range(250)}
OWNER_NAMES = PLAIN_NAMES | {
    "cloister::ckks::Decryptor::decrypt(cloister::ckks::Ciphertext const&) const",
    "cloister::rlwe::SecretKey::~SecretKey()",
    "cloister::wire::Passphrase::from_text(char const*)",
    "cloister::rlwe::KeyGenerator::KeyGenerator(cloister::Prng&)",
}


class Names(unittest.TestCase):
    def wrong(self, server, owner=OWNER_NAMES):
        return list(link_set_test.defects(server, owner))

    def test_a_clean_server_passes(self):
        innocent = {
            "cloister::rlwe::EvaluationKeys::rotation(int) const",
            "cloister::rlwe::PublicKey::PublicKey()",
            "cloister::Buffer<unsigned char, (cloister::Secrecy)1>::release()",
            "EVP_EncryptUpdate@OPENSSL_3.0.0",
        }
        self.assertEqual(self.wrong(PLAIN_NAMES | innocent), [])

    def test_each_forbidden_name_is_found(self):
        for name in (
            "cloister::ckks::Decryptor::Decryptor()",
            "cloister::paillier::PrivateKey::decrypt_crt(int) const",
            "typeinfo for cloister::rlwe::SecretKey",
            "cloister::rlwe::secret_key_from_file(char const*)",
            "cloister::wire::Passphrase::clone() const",
            "cloister::rlwe::KeyGenerator::run()",
            "cloister::paillier::generate_keys(int)",
            "cloister::rlwe::generate_galois_key(int)",
            "EVP_DecryptInit_ex@OPENSSL_3.0.0",
        ):
            with self.subTest(name):
                self.assertTrue(self.wrong(PLAIN_NAMES | {name}))

    def test_an_owner_without_the_names_fails(self):
        self.assertEqual(len(self.wrong(PLAIN_NAMES, PLAIN_NAMES)), len(link_set_test.FORBIDDEN))

    def test_a_stripped_program_fails(self):
        self.assertEqual(len(self.wrong(set())), 1)


class Programs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def build(self, name, text, *options):
        source, program = self.folder / f"{name}.cpp", self.folder / name
        source.write_text(text, encoding="utf-8")
        compiler = os.environ.get("CXX", "c++")
        subprocess.run([compiler, "-O0", *options, str(source), "-o", str(program)], check=True)
        return str(program)

    def status(self, server, owner):
        with contextlib.redirect_stdout(io.StringIO()):
            return link_set_test.main(["link_set_test.py", server, owner])

    def test_built_programs(self):
        server = self.build("server", COMMON + MAIN)
        owner = self.build("owner", COMMON + OWNER + MAIN)
        self.assertEqual(self.status(server, owner), 0)
        self.assertEqual(self.status(owner, owner), 1)
        self.assertEqual(self.status(server, server), 1)
        self.assertEqual(self.status(self.build("stripped", COMMON + MAIN, "-s"), owner), 1)


if __name__ == "__main__":
    unittest.main()
