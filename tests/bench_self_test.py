#!/usr/bin/env python3
"""The parts of the benchmarks' drivers that measure nothing: figures, tables, the protocol, and what is asked of
whom in which order. No other library is needed."""

import contextlib
import io
import json
import math
import random
import re
import statistics
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from bench import figures, machine, owners, scale  # noqa: E402
from bench.compare import (  # noqa: E402
    bfv, chd, chd_data, environments, operations, paillier, parameters, phe_operations, protocol, salary)
from bench.compare.protocol import Operation, Side, SideError  # noqa: E402
from bench.figures import Summary, byte_count, number, table, verdict  # noqa: E402


def quietly(call, *arguments):
    with contextlib.redirect_stderr(io.StringIO()):
        return call(*arguments)


class Figures(unittest.TestCase):
    def test_median_and_quartiles(self):
        self.assertEqual(Summary.of([5, 1, 4, 2, 3]), Summary(3, 2, 4, 5))
        self.assertEqual(Summary.of([4, 1, 3, 2]), Summary(2.5, 1.75, 3.25, 4))
        self.assertEqual(Summary.of([7]), Summary(7, 7, 7, 1))
        self.assertEqual(str(Summary.of([5, 1, 4, 2, 3])), "3.00 (2.00-4.00)")
        self.assertEqual(Summary.of([2, 2]).as_json("ms"), {"samples": 2, "median_ms": 2, "lower_ms": 2, "upper_ms": 2})
        with self.assertRaises(ValueError):
            Summary.of([])

    def test_numbers(self):
        for value, text in ((12345.6, "12,346"), (123.4, "123"), (12.34, "12.3"), (1.234, "1.23"), (0.1234, "0.123"),
                            (0.01234, "0.0123"), (0.001234, "0.00123"), (0, "0"), (9.996, "10.0"), (99.96, "100"),
                            (math.inf, "inf")):
            self.assertEqual(number(value), text)
        for count, text in ((12, "12 B"), (1234, "1.23 kB"), (62914560, "62.9 MB"), (2.5e9, "2.50 GB")):
            self.assertEqual(byte_count(count), text)

    def test_verdicts(self):
        for ratio, word in ((17.9, "not met"), (18, "met"), (27.9, "met"), (28, "stretch met")):
            self.assertEqual(verdict(ratio, 18, 28), word)
        self.assertEqual(verdict(5, None, None), "")
        self.assertEqual(verdict(math.nan, 18, 28), "not met")

    def test_columns_line_up(self):
        self.assertEqual(table(["what", "ms"], [["a", "1.00"], ["longer", "10.0"]]).split("\n"),
                         ["what      ms", "------  ----", "a       1.00", "longer  10.0"])
        with self.assertRaises(ValueError):
            table(["what", "ms"], [["a"]])


class Machine(unittest.TestCase):
    def test_first_processor(self):
        found = machine.parse_cpu("processor : 0\nmodel name\t: A: CPU\nflags\t\t: fpu avx2 avx512ifma vaes\n\n"
                                  "processor : 1\nmodel name\t: B\nflags : none\n")
        self.assertEqual((found["model"], found["features"]), ("A: CPU", ["avx2", "avx512ifma", "vaes"]))
        self.assertEqual(machine.parse_cpu("")["model"], "unknown")


class Served(unittest.TestCase):
    def replies(self, *requests):
        def broken():
            raise RuntimeError("no key")

        operation = Operation(lambda: 7, lambda: (0.5, 1.0))
        out = io.StringIO()
        protocol.serve(lambda: {"library": "none"}, lambda: {"bytes": 3},
                       {"add": operation, "bad": Operation(broken, broken)},
                       io.StringIO("\n".join(requests) + "\n"), out)
        return [json.loads(line) for line in out.getvalue().splitlines()]

    def test_every_request(self):
        self.assertEqual(self.replies("info", "sizes", "operations", "run add 3", "check add", "quit", "info"),
                         [{"library": "none"}, {"bytes": 3}, {"operations": ["add", "bad"]}, {"ns": [7, 7, 7]},
                          {"error": 0.5, "bound": 1.0}])

    def test_no_number_is_the_largest_error(self):
        self.assertEqual(protocol.largest([1.0, 3.0, 2.0]), 3)
        for errors in ([math.nan, 1.0], [1.0, math.nan]):
            self.assertEqual(protocol.largest(errors), math.inf)

    def test_what_fails_is_told_and_the_next_is_answered(self):
        for request in ("run bad 1", "check bad", "run none 1", "run add 0", "run add x", "run add", "", "stop"):
            with self.subTest(request):
                failed, good = self.replies(request, "sizes")
                self.assertEqual((list(failed), good), (["failed"], {"bytes": 3}))


class Asked(unittest.TestCase):
    def side(self, program):
        side = Side("It", [sys.executable, "-c", program])
        self.addCleanup(side._process.wait)
        self.addCleanup(side._process.stdout.close)
        self.addCleanup(side._process.stdin.close)
        return side

    def test_answers_come_back(self):
        side = self.side("import sys\nfor line in sys.stdin: print('{\"ns\": [1, 2]}', flush=True)")
        self.assertEqual(side.run_ns("add", 2), [1, 2])
        with self.assertRaisesRegex(SideError, "It gave 2 times of add instead of 3"):
            side.run_ns("add", 3)

    def test_defects_are_named(self):
        for answer, words in (('{"failed": "no key"}', "It could not info: no key"), ("nonsense", "not JSON"),
                              ("[1]", "no object")):
            with self.subTest(answer), self.assertRaisesRegex(SideError, words):
                self.side(f"input(); print({answer!r})").ask("info")
        with self.assertRaisesRegex(SideError, "ended with status 3"):
            self.side("raise SystemExit(3)").ask("info")
        with self.assertRaisesRegex(SideError, "cannot be started"):
            Side("It", [str(ROOT / "no such program")])


class FakeSide:
    def __init__(self, name, ns, log, error=0.0):
        self.name, self.ns, self.log, self.error = name, ns, log, error

    def run_ns(self, operation, count):
        self.log.append((self.name, count))
        return [self.ns] * count

    def ask(self, _):
        return {"error": self.error, "bound": 1e-3}


def measured(**errors):
    log = []
    sides = [FakeSide("Cloister", 4_000_000, log, errors.get("ours", 0.0)),
             FakeSide("SEAL", 100_000_000, log, errors.get("seal", 0.0))]
    taken = operations.measure("multiply", sides, 10)
    return operations.result(parameters.ROWS[0], taken, operations.check("multiply", sides)), log


class Operations(unittest.TestCase):
    def test_repetitions_fill_the_time_within_bounds(self):
        for ns, count in ((0, 10), (1_000_000, 10), (1_250_000, 8), (2_000_000, 7), (40_000_000, 7)):
            self.assertEqual(operations.repetitions(ns), count)

    def test_sides_take_turns_as_often_each(self):
        _, log = measured()
        warm, samples = log[:2], log[2:]
        self.assertEqual(warm, [("Cloister", operations.WARM_UPS), ("SEAL", operations.WARM_UPS)])
        self.assertEqual(samples, [("Cloister", 7), ("SEAL", 7), ("SEAL", 7), ("Cloister", 7)] * 5)

    def test_ratio_of_medians_and_goal(self):
        row, _ = measured()
        self.assertEqual(row["sides"]["SEAL"]["ratio"], 25)
        self.assertEqual((row["sides"]["Cloister"]["samples"], row["target"], row["stretch"]), (10, 18, 28))
        line = operations.peer_table([row], "SEAL").splitlines()[-1]
        self.assertRegex(line, r"rescale +4\.00 \(4\.00-4\.00\) +100 \(100-100\) +25\.0 +18 +28 +met$")
        self.assertEqual(operations.peer_table([row], "OpenFHE").count("\n"), 1)
        sides = row["sides"]
        of_openfhe = {"title": "hoisted", "sides": {"Cloister": sides["Cloister"], "OpenFHE": sides["SEAL"]}}
        self.assertEqual(operations.peer_table([of_openfhe, row], "SEAL").count("\n"), 2)
        self.assertTrue(operations.peer_table([of_openfhe, row], "OpenFHE").endswith("25.0"))

    def test_a_wrong_result_is_seen(self):
        for error, right in ((0.0, True), (1e-3, True), (2e-3, False), (math.nan, False)):
            row, _ = measured(seal=error)
            self.assertIs(row["sides"]["SEAL"]["check"]["right"], right)
            self.assertEqual(len(operations.wrong([row])), 0 if right else 1)

    def test_key_sizes(self):
        text = operations.key_line({"Cloister": {"rotation_key_bytes": 10_000_000},
                                    "SEAL": {"rotation_key_bytes": 45_000_000,
                                             "rotation_key_compressed_bytes": 30_000_000}})
        self.assertIn("1/4.50 (target 1/4, stretch 1/5.5: met)", text)
        self.assertIn("30.0 MB: 1/3.00", text)

    def test_too_few_samples_are_refused(self):
        self.assertEqual(operations.parse(["--samples", "10"]).samples, 10)
        for words in (["--samples", "9"], ["--operations", "none"]):
            with self.assertRaises(SystemExit):
                quietly(operations.parse, words)

    def test_both_languages_state_the_same_parameters(self):
        text = (ROOT / "bench/compare/cloister_side.cpp").read_text(encoding="utf-8")
        stated = {name: int(value) for name, value in re.findall(r"\bk(\w+) = (\d+)", text)}
        for name, value in (("Log2Degree", parameters.LOG2_DEGREE), ("Levels", parameters.LEVELS),
                            ("ScaleBits", parameters.SCALE_BITS), ("FirstPrimeBits", parameters.FIRST_PRIME_BITS),
                            ("HoistedRotations", parameters.HOISTED_ROTATIONS)):
            self.assertEqual(stated[name], value)
        for row in parameters.ROWS:
            self.assertIn(f'"{row.name}"', text)

    def test_requirements_are_pinned(self):
        for name in ("requirements.txt", "requirements-openfhe.txt", "requirements-phe.txt"):
            for requirement in environments.pinned(environments.HERE / name).split():
                self.assertRegex(requirement, r"^[a-z0-9]+==[0-9.]+$")
        with self.assertRaisesRegex(environments.UnavailableError, "there is no no-such-python"):
            environments.environment("tenseal", "requirements.txt", "no-such-python")


class Owners(unittest.TestCase):
    def test_clear_sums_are_exact(self):
        cells, bins = [0, 12_500, -50_000, 50_000, 50_001, -50_001, 49_999, -7], 5
        sums = owners.ClearSums(counts=[0] * (bins + 2))
        for cell in cells:
            sums.add(cell, bins)
        values = [cell / owners.DECIMALS for cell in cells]
        self.assertAlmostEqual(sums.mean(), statistics.fmean(values), delta=1e-15)
        self.assertAlmostEqual(sums.deviation(), statistics.pstdev(values), delta=1e-15)
        # Of -5 to 5 in parts of 2: both ends are within, what is beyond is not.
        self.assertEqual(sums.counts, [1, 1, 0, 2, 1, 2, 1])

    def test_tables_are_whole_multiples_whose_sums_are_kept(self):
        sums = [owners.ClearSums(counts=[0] * 7) for _ in range(3)]
        files = io.StringIO(), io.StringIO()
        owners.write_rows(files, 20, [1, -1], random.Random(1), sums, 5)
        self.assertEqual(files[0].getvalue(), files[1].getvalue())
        rows = [list(map(float, line.split(","))) for line in files[0].getvalue().splitlines()]
        self.assertEqual(len(rows), 20)
        for j, column in enumerate(zip(*rows, strict=True)):
            self.assertAlmostEqual(sums[j].mean(), statistics.fmean(column), delta=1e-14)
            self.assertEqual(sum(sums[j].counts), 20)

    def test_options_that_make_no_sense(self):
        for words in (["--owners", "0"], ["--rows", "10"], ["--features", "0"], ["--bins", "7"]):
            with self.assertRaises(SystemExit):
                quietly(owners.parse, words)


class PythonPaillier(unittest.TestCase):
    def test_every_row_is_measured_by_both_sides(self):
        text = (ROOT / "bench/compare/phe_operations_side.py").read_text(encoding="utf-8")
        for row in phe_operations.ROWS:
            self.assertIn(f'"{row.name}"', text)

    def test_a_sample_has_its_share_of_noise(self):
        text = (ROOT / "python/bindings/paillier.cpp").read_text(encoding="utf-8")
        ahead = int(re.search(r"kNoiseAhead = (\d+)", text)[1])
        self.assertEqual(phe_operations.MANY % ahead, 0)

    def test_options_that_make_no_sense(self):
        for words in (["--samples", "9"], ["--bits", "1024"], ["--operations", "square"]):
            with self.assertRaises(SystemExit):
                quietly(phe_operations.parse, words)


class Paillier(unittest.TestCase):
    def test_operands(self):
        for i in range(paillier.TERMS):
            self.assertTrue(-512 <= paillier.value_at(i) < 512)
            self.assertEqual((paillier.value_at(i) * 1024) % 1, 0)
            weight = paillier.weight_at(i) * 2.0**53
            self.assertTrue(abs(weight) < 2**53 and weight % 2 == 1)  # all bits are used
            self.assertEqual(weight < 0, i % 2 == 1)

    def test_both_languages_have_the_same_operands_and_operations(self):
        text = (ROOT / "bench/compare/paillier_side.cpp").read_text(encoding="utf-8")
        self.assertIn(f"kTerms = {paillier.TERMS}", text)
        for number in re.findall(r"\b\d{15,}\b", (ROOT / "bench/compare/paillier.py").read_text(encoding="utf-8")):
            self.assertIn(f"{number}ULL", (ROOT / "bench/compare/side.h").read_text(encoding="utf-8"))
        for row in paillier.ROWS:
            self.assertIn(f'"{row.name}"', text)

    def test_sides_take_turns_and_wrong_results_are_seen(self):
        for error in (0.0, 1e-9):
            log = []
            sides = [FakeSide(paillier.OURS, 2_000_000, log), FakeSide(paillier.PEER, 100_000_000, log, error)]
            taken = paillier.measure("dot", sides, 10)
            self.assertEqual([name for name, _ in log[2:6]],
                             [paillier.OURS, paillier.PEER, paillier.PEER, paillier.OURS])
            checks = {side.name: {"error": side.error, "bound": 0.0} for side in sides}
            row = paillier.result(paillier.ROWS[0], taken, checks)
            self.assertEqual(row["ratio"], 50)
            self.assertEqual(len(paillier.wrong({"bits": 3072, "results": [row]})), 0 if error == 0 else 1)

    def test_few_samples_and_other_keys_are_refused(self):
        for words in (["--samples", "9"], ["--bits", "1024"], ["--operations", "none"]):
            with self.assertRaises(SystemExit):
                quietly(paillier.parse, words)


class Bfv(unittest.TestCase):
    def test_both_languages_have_the_same_operands_and_operations(self):
        text = (ROOT / "bench/compare/bfv_side.cpp").read_text(encoding="utf-8")
        self.assertIn(f"kPlaintextModulus = {bfv.PLAINTEXT_MODULUS}", text)
        self.assertIn("(i * 7919 + 13) % kPlaintextModulus", text)
        self.assertEqual([bfv.value_at(i) for i in (0, 1, 100)], [13, 7932, 5480])
        peer = (ROOT / "bench/compare/seal_bfv_side.py").read_text(encoding="utf-8")
        for row in bfv.ROWS:
            self.assertIn(f'"{row.name}"', text)
            self.assertIn(f'"{row.name}"', peer)
        for log2_degree in bfv.LOG2_DEGREES:
            self.assertEqual(bfv.PLAINTEXT_MODULUS % (2 << log2_degree), 1)  # so that there are slots

    def test_few_samples_and_other_degrees_are_refused(self):
        for words in (["--samples", "9"], ["--log2-degrees", "12"], ["--operations", "none"]):
            with self.assertRaises(SystemExit):
                quietly(bfv.parse, words)


class HeartDisease(unittest.TestCase):
    def test_epochs_that_are_not_measured_count_as_the_mean(self):
        self.assertEqual(chd.peer_total(10, [60, 62]), 10 + 5 * 61)
        self.assertEqual(chd.peer_total(10, [60, 61, 62, 63, 64]), 10 + 310)
        for words in (["--epochs", "0"], ["--epochs", "6"]):
            with self.assertRaises(SystemExit):
                quietly(chd.parse, words)

    def test_rows_are_standardized_by_the_training_rows(self):
        with tempfile.TemporaryDirectory() as folder:
            train, test = Path(folder, "train.csv"), Path(folder, "test.csv")
            head = f"age,education,same,{chd_data.TARGET}\n"
            train.write_text(head + "40,1,5,0\n60,2,5,1\n", encoding="utf-8")
            test.write_text(head + "70,3,5,1\n", encoding="utf-8")
            rows, tested = chd_data.load(train, test)
        self.assertEqual((rows.features, rows.labels), ([[-1, 0], [1, 0]], [0, 1]))
        self.assertEqual((tested.features, tested.labels), ([[2, 0]], [1]))


class Scale(unittest.TestCase):
    def test_sizes(self):
        for text, count in (("1000", 1000), ("10k", 10_000), ("1M", 1_000_000)):
            self.assertEqual(scale.row_count(text), count)
        for words in (["--rows", "99"], ["--rows", "many"], ["--iterations", "1"]):
            with self.assertRaises(SystemExit):
                quietly(scale.parse, words)

    def test_the_table_is_the_same_every_time(self):
        with tempfile.TemporaryDirectory() as folder:
            texts = []
            for name in ("a.csv", "b.csv"):
                scale.write_table(Path(folder, name), 200)
                texts.append(Path(folder, name).read_text(encoding="ascii"))
        self.assertEqual(texts[0], texts[1])
        header, *rows = texts[0].split()
        self.assertEqual((len(rows), header.count(",")), (200, scale.FEATURES))
        self.assertGreater(sum(row.endswith(",1") for row in rows), 50)
        self.assertGreater(sum(row.endswith(",0") for row in rows), 50)

    def test_what_does_not_fit_is_left_out(self):
        estimates = {"bytes": {"dataset": 3_000_000_000, "evaluation_keys": 1_000_000_000}, "seconds": {"train": 600}}
        self.assertIsNone(scale.obstacle(estimates, 1, 60, 10_000_000_000))
        self.assertIn("5.00 GB of disk", scale.obstacle(estimates, 1, 60, 4_000_000_000))
        self.assertIn("100 minutes", scale.obstacle(estimates, 10, 60, 10_000_000_000))

    def test_growth(self):
        def found(rows, seconds, peak):
            return {"rows": rows, "train": {"median_seconds": seconds}, "full_iterations": 2, "data_bytes": rows,
                    "key_bytes": 5, "server_peak_bytes": peak}

        line, = scale.growth([found(1000, 2, 100), found(10_000, 10, 110)])
        self.assertIn("10.0 times: an iteration 5.00 times the time, 10.0 times the data, 1.00 times the keys, "
                      "1.10 times the server's memory", line)


if __name__ == "__main__":
    assert figures.MIN_SAMPLES >= 10
    unittest.main()
