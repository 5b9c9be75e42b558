#!/usr/bin/env python3
"""Does tools/test tell what failed, keep apart what runs at the same time, and leave nobody behind?"""
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
# A step says a line, lets the others have their turn, and says another one.
STEP = """#!/bin/sh
echo "$$ {name} $*" >>"$TRACE"
echo "{name} $* began"
case "{name} $*" in
  "$HANGS"*) exec sleep 1000 ;;
  "$FAILS"*) exit 1 ;;
  "$KILLS"*) kill -KILL $PPID ;;
esac
sleep 0.01
echo "{name} $* ended"
"""


class Steps(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "tools").mkdir()
        (self.root / "tests/wine").mkdir(parents=True)
        shutil.copy(HERE / "test", self.root / "tools/test")
        for name in ("setup", "check-layers", "check-format", "build", "tidy", "test-wine", "summarize", "ctest"):
            self.make(f"tools/{name}", name)
        self.make("tests/wine/exports.sh", "exports")
        self.trace = self.root / "trace"

    def make(self, path, name):
        program = self.root / path
        program.write_text(STEP.format(name=name))
        program.chmod(0o755)

    def start(self, fails="nothing", hangs="nothing", kills="nothing"):
        environment = {"PATH": f"{self.root}/tools:{os.environ['PATH']}", "TRACE": str(self.trace),
                       "FAILS": fails, "HANGS": hangs, "KILLS": kills}
        return subprocess.Popen([self.root / "tools/test", "--wine"], env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run_all(self, **how):
        run = self.start(**how)
        said = run.communicate()[0]
        return run.returncode, said.splitlines()

    def test_all_steps_run_and_none_speaks_in_the_middle_of_another(self):
        code, said = self.run_all()
        self.assertEqual(code, 0, said)
        began = [line for line in said if line.endswith(" began")]
        ended = [line for line in said if line.endswith(" ended")]
        self.assertEqual([line[:-6] for line in began], [line[:-6] for line in ended])
        self.assertEqual(len(began), 16, said)
        for line in began:
            self.assertEqual(said[said.index(line) + 1], line[:-6] + " ended")

    def test_what_failed_beside_the_tests_is_told_at_the_end(self):
        code, said = self.run_all(fails="tidy")
        self.assertEqual(code, 1)
        self.assertIn("test: failed: names", said)
        self.assertTrue(said[-1].startswith("summarize"), said)

    def test_after_a_failure_the_rest_still_runs(self):
        code, said = self.run_all(fails="build asan")
        self.assertEqual(code, 1)
        self.assertIn("test: failed: build-asan", said)
        self.assertTrue(any(line.startswith("ctest") and "tsan" in line for line in said), said)

    def test_who_is_killed_beside_the_tests_has_failed(self):
        code, said = self.run_all(kills="build win64")
        self.assertEqual(code, 1)
        self.assertIn("test: failed: windows", said)

    def test_a_failed_sum_fails(self):
        self.assertEqual(self.run_all(fails="summarize")[0], 1)

    def test_who_is_told_to_end_leaves_nobody_behind(self):
        for hangs in ("build gcc", "build asan", "ctest", "test-wine"):
            for how in (signal.SIGINT, signal.SIGTERM):
                with self.subTest(hangs=hangs, how=how):
                    self.end_at(hangs, how)

    def end_at(self, hangs, how):
        self.trace.write_text("")
        run = self.start(hangs=hangs)
        while not any(line.split(" ", 1)[1].startswith(hangs) for line in self.trace.read_text().splitlines()):
            self.assertIsNone(run.poll())
        run.send_signal(how)
        run.communicate()
        self.assertEqual(run.returncode, 130)
        for line in self.trace.read_text().splitlines():
            self.await_end(line)

    def await_end(self, line):
        try:
            process = os.pidfd_open(int(line.split()[0]))
        except ProcessLookupError:
            return
        self.assertTrue(select.select([process], [], [], 60)[0], line)
        os.close(process)


if __name__ == "__main__":
    unittest.main()
