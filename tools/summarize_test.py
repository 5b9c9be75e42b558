"""Does summarize count what ctest and GoogleTest write, and fail when a test failed?"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parent / "summarize"

PLAIN = '<testcase name="c_abi" status="run"><system-out>fine</system-out></testcase>'
BROKEN = '<testcase name="c_abi" status="fail"><failure message="Failed"/></testcase>'
MISSING = ('<testcase name="gone" status="notrun"><skipped message="Unable to find executable"/>'
           '<system-out>Unable to find executable: gone</system-out></testcase>')
NOT_ROOT = ('<testcase name="boot" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/>'
            '<system-out>needs root</system-out></testcase>')
GOOGLE = '''<testcase name="plan" status="{}"><system-out>
[ RUN      ] Plan.Bpf
plan_test.cc:7: Skipped
needs CAP_BPF

[  SKIPPED ] Plan.Bpf (0 ms)
[==========] 5 tests from 1 test suite ran. (0 ms total)
[  PASSED  ] {} tests.
[  SKIPPED ] 1 test, listed below:
[  SKIPPED ] Plan.Bpf
{}</system-out></testcase>'''
CRASHED = '''<testcase name="plan" status="fail"><system-out>
[ RUN      ] Plan.Crash
</system-out></testcase>'''


class SummarizeTest(unittest.TestCase):
    def summarize(self, *entries):
        """Exit status and lines for one build with these entries."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "tests.xml")
            path.write_text(f"<testsuite>{''.join(entries)}</testsuite>", encoding="utf-8")
            done = subprocess.run([sys.executable, TOOL, f"gcc={path}"],
                                  capture_output=True, text=True, check=False)
            return done.returncode, done.stdout.splitlines()

    def test_each_test_of_googletest_counts(self):
        status, lines = self.summarize(PLAIN, GOOGLE.format("run", 4, ""))
        self.assertEqual((status, lines[-1]), (0, "5 passed, 0 failed, 1 skipped"))
        self.assertIn("gcc: 1 skipped: needs CAP_BPF (plan: Plan.Bpf)", lines)

    def test_a_failure_within_googletest_fails(self):
        failure = "[  FAILED  ] 1 test, listed below:\n[  FAILED  ] Plan.X\n"
        status, lines = self.summarize(GOOGLE.format("fail", 3, failure))
        self.assertEqual((status, lines[-1]), (1, "3 passed, 1 failed, 1 skipped"))

    def test_a_crash_a_failure_and_a_missing_program_fail(self):
        for entry in (CRASHED, BROKEN, MISSING):
            status, lines = self.summarize(PLAIN, entry)
            self.assertEqual((status, lines[-1]), (1, "1 passed, 1 failed, 0 skipped"))

    def test_a_skip_says_what_it_lacks(self):
        status, lines = self.summarize(PLAIN, NOT_ROOT)
        self.assertEqual((status, lines[-1]), (0, "1 passed, 0 failed, 1 skipped"))
        self.assertIn("gcc: 1 skipped: needs root (boot)", lines)

    def test_no_test_at_all_fails(self):
        self.assertEqual(self.summarize()[0], 1)


if __name__ == "__main__":
    unittest.main()
