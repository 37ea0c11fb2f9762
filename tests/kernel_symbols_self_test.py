#!/usr/bin/env python3
"""Shows that kernel_symbols_test.py can fail."""

import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import kernel_symbols_test  # noqa: E402

OUTPUT = """\
0000000000000000 T cloister::avx2::ntt_forward(cloister::NttTables const&, unsigned long*)
0000000000000010 W cloister::avx2::Wide::Reducer::operator()(long long __vector(4)) const
0000000000000040 W cloister::Modulus::reduce(unsigned long) const
0000000000000080 t cloister::(anonymous namespace)::helper(int)
0000000000000000 V DW.ref.__gxx_personality_v0
                 U cloister::scalar_kernels()
"""


class Symbols(unittest.TestCase):
    def test_finds_a_shared_function(self):
        names = kernel_symbols_test.functions(OUTPUT)
        self.assertEqual(len(names), 3)
        self.assertEqual(kernel_symbols_test.strangers("avx2", names), ["cloister::Modulus::reduce(unsigned long) const"])
        self.assertEqual(kernel_symbols_test.strangers("avx512", names), names)

    def test_groups(self):
        self.assertEqual(kernel_symbols_test.groups(["avx2", "a.o", "b.o", "avx512", "c.o"]),
                         [("avx2", ["a.o", "b.o"]), ("avx512", ["c.o"])])

    def test_refuses_to_prove_nothing(self):
        self.assertEqual(kernel_symbols_test.main(["test", "nm"]), 2)
        self.assertEqual(kernel_symbols_test.main(["test", "nm", "avx2"]), 2)


if __name__ == "__main__":
    unittest.main()
