#!/usr/bin/env python3
"""Shows that include_test.py passes a good tree and fails on each kind of wrong edge."""

import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import include_test  # noqa: E402

GOOD = {
    "src/cloister/base/error.h": "#pragma once\n#include <string>\n",
    "src/cloister/base/CMakeLists.txt": "cloister_layer(base LIBRARIES OpenSSL::Crypto SOURCES error.cpp)\n",
    "src/cloister/ring/ring.h": '#include "cloister/kernels/table.h"\n#include "cloister/base/error.h"\n',
    "src/cloister/ring/ring.cpp": '#include "cloister/ring/internal/tables.h"\n',
    "src/cloister/ring/CMakeLists.txt": "cloister_layer(ring DEPENDS kernels math random SOURCES ring.cpp)\n",
    "src/cloister/rlwe/owner/secret_key.h": '#include "cloister/ring/ring.h"\n',
    "src/cloister/rlwe/rlwe_test.cpp": '#include "cloister/rlwe/owner/secret_key.h"\n',
    "src/cloister/rlwe/CMakeLists.txt": "cloister_layer(rlwe DEPENDS ring SOURCES a.cpp)\n"
    "cloister_layer(rlwe_owner DEPENDS rlwe random SOURCES owner/secret_key.cpp)\n",
    "src/cloister/ckks/owner/decryptor.h": '#include "cloister/rlwe/owner/secret_key.h"\n',
    "src/cloister/paillier/CMakeLists.txt": "cloister_layer(paillier DEPENDS math LIBRARIES cloister_gmp SOURCES a.cpp)\n",
    "src/cloister/wire/codec.h": '#include "cloister/ml/model.h"\n#include "cloister/bfv/encoder.h"\n',
    "apps/cloister/main.cpp": '#include "cloister/ckks/owner/decryptor.h"\n#include "options.h"\n',
    "apps/cloister/options.h": "",
    "apps/cloister-server/main.cpp": '#include "cloister/pipeline/train.h"\n',
    "apps/CMakeLists.txt": "target_link_libraries(cloister-server PRIVATE cloister_pipeline)\n"
    "target_link_libraries(cloister PRIVATE cloister_pipeline_owner)\n",
    "tests/whole_test.cpp": '#include "cloister/rlwe/owner/secret_key.h"\n',
}

# (file, its text, a part of the defect's line)
BAD = {
    "upward include": ("src/cloister/math/a.h", '#include "cloister/ring/ring.h"', "math may not include ring"),
    "upward include in angle brackets": ("src/cloister/math/a.h", "#include <cloister/ring/ring.h>", "math may not"),
    "upward include with spaces": ("src/cloister/math/a.h", '  #  include  "cloister/ml/a.h"', "math may not"),
    "upward include over a path with dots": (
        "src/cloister/math/a.h",
        '#include "cloister/base/../ring/ring.h"',
        "math may not",
    ),
    "upward include in a unit test": (
        "src/cloister/ckks/a_test.cpp",
        '#include "cloister/circuits/a.h"',
        "ckks may not",
    ),
    "sibling schemes": ("src/cloister/ckks/a.h", '#include "cloister/bfv/a.h"', "ckks may not include bfv"),
    "math from data": ("src/cloister/data/a.h", '#include "cloister/math/modulus.h"', "data may not include math"),
    "base stands on nothing": ("src/cloister/base/a.h", '#include "cloister/random/prng.h"', "base may not"),
    "second line": ("src/cloister/base/a.h", '#include <map>\n#include "cloister/ml/a.h"', "a.h:2:"),
    "relative include": ("src/cloister/base/a.h", '#include "error.h"', 'write it as "cloister/'),
    "include by macro": ("src/cloister/base/a.h", "#include HEADER", "name the file itself"),
    "unknown layer": ("src/cloister/base/a.h", '#include "cloister/misc/a.h"', "'misc' is no layer"),
    "file in an unknown layer": ("src/cloister/misc/a.h", "", "'misc' is no layer"),
    "file outside every layer": ("src/cloister/a.h", "", "is no layer"),
    "internal of another layer": (
        "src/cloister/ckks/a.cpp",
        '#include "cloister/ring/internal/t.h"',
        "for ring alone",
    ),
    "internal from an application": ("apps/cloister/a.cpp", '#include "cloister/ring/internal/t.h"', "for ring alone"),
    "test header from a source": (
        "src/cloister/ring/a.cpp",
        '#include "cloister/ring/ring_test_tools.h"',
        "for tests alone",
    ),
    "owner header from its own layer": (
        "src/cloister/rlwe/a.h",
        '#include "cloister/rlwe/owner/secret_key.h"',
        "owner's side alone",
    ),
    "owner header from above": (
        "src/cloister/pipeline/a.cpp",
        '#include "cloister/ckks/owner/decryptor.h"',
        "owner's side alone",
    ),
    "owner header from the server": (
        "apps/cloister-server/a.cpp",
        '#include "cloister/ckks/owner/decryptor.h"',
        "owner's side alone",
    ),
    "owner's program from the server": (
        "apps/cloister-server/a.cpp",
        '#include "../cloister/options.h"',
        "owner's program",
    ),
    "upward link": ("src/cloister/math/CMakeLists.txt", "cloister_layer(math DEPENDS base ring)", "links ring, where"),
    "link beyond the table's row": (
        "src/cloister/ckks/CMakeLists.txt",
        "cloister_layer(ckks\n DEPENDS rlwe ring)",
        "links ring, where the table has: rlwe",
    ),
    "link by library name": (
        "src/cloister/data/CMakeLists.txt",
        "cloister_layer(data LIBRARIES cloister_math)",
        "links math, where",
    ),
    "link by a call of its own": (
        "src/cloister/data/CMakeLists.txt",
        "target_link_libraries(cloister_data PUBLIC cloister_math)",
        "links math, where",
    ),
    "server's set links an owner's": (
        "src/cloister/ckks/CMakeLists.txt",
        "cloister_layer(ckks DEPENDS rlwe rlwe_owner)",
        "server's link set",
    ),
    "owner's target links upward": (
        "src/cloister/rlwe/CMakeLists.txt",
        "cloister_layer(rlwe_owner DEPENDS ckks_owner)",
        "rlwe may not link ckks",
    ),
    "server links an owner's": (
        "apps/CMakeLists.txt",
        "target_link_libraries(cloister-server PRIVATE cloister_ckks_owner)",
        "may not link cloister_ckks_owner",
    ),
    "owner source in the server's set": (
        "src/cloister/rlwe/CMakeLists.txt",
        "cloister_layer(rlwe DEPENDS ring SOURCES a.cpp owner/secret_key.cpp)",
        "rlwe holds owner/secret_key.cpp",
    ),
    "server source in the owner's set": (
        "src/cloister/rlwe/CMakeLists.txt",
        "cloister_layer(rlwe_owner DEPENDS rlwe SOURCES a.cpp)",
        "is for owner/ alone",
    ),
    "target in another layer's folder": (
        "src/cloister/ckks/CMakeLists.txt",
        "cloister_layer(rlwe DEPENDS ring SOURCES a.cpp)",
        "belongs in src/cloister/rlwe",
    ),
}


def in_tree(files, check):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n", encoding="utf-8")
        return check(Path(folder))


def defects_of(files):
    return in_tree(files, include_test.check_tree)


def exit_status(files):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return in_tree(files, lambda root: include_test.main(["include_test.py", str(root)]))


class IncludeTest(unittest.TestCase):
    def test_good_tree_passes_and_is_read_whole(self):
        self.assertEqual(defects_of(GOOD), ([], len(GOOD)))

    def test_comments_are_no_edges(self):
        text = '// #include "cloister/ml/a.h"\nint x;  // see #include "cloister/ml/a.h"'
        self.assertEqual(defects_of({"src/cloister/base/a.h": text})[0], [])
        cmake = "# cloister_layer(base DEPENDS ml)"
        self.assertEqual(defects_of({"src/cloister/base/CMakeLists.txt": cmake})[0], [])

    def test_each_wrong_edge_is_the_one_defect_found(self):
        for name, (path, text, expected) in BAD.items():
            with self.subTest(name):
                defects, _ = defects_of({**GOOD, path: text})
                self.assertEqual(len(defects), 1, defects)
                self.assertIn(expected, defects[0])

    def test_the_table_has_no_circle(self):
        order = list(include_test.LAYERS)
        for layer, below in include_test.LAYERS.items():
            for other in below:
                self.assertLess(order.index(other), order.index(layer))
        self.assertNotIn("bfv", include_test.REACH["ckks"])
        self.assertNotIn("ckks", include_test.REACH["bfv"])

    def test_exit_status(self):
        path, text, _ = BAD["sibling schemes"]
        self.assertEqual(exit_status(GOOD), 0)
        self.assertEqual(exit_status({**GOOD, path: text}), 1)
        self.assertEqual(exit_status({"README.md": "no sources here"}), 2)


if __name__ == "__main__":
    unittest.main()
