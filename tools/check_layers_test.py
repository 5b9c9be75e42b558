"""Does check-layers go red for each thing that it looks for, and stay green otherwise?"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parent / "check-layers"
HEADER = "#pragma once\n"


class CheckLayersTest(unittest.TestCase):
    def check(self, files):
        """Runs the tool over a tree of these files; its exit status and what it says."""
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = pathlib.Path(folder, "src", name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            done = subprocess.run([sys.executable, TOOL, "--root", folder],
                                  capture_output=True, text=True, check=False)
            return done.returncode, done.stdout

    def assert_red(self, files, sentence):
        status, output = self.check(files)
        self.assertEqual(status, 1, output)
        self.assertIn(sentence, output)

    def assert_green(self, files):
        self.assertEqual(self.check(files), (0, ""))

    def test_a_door_of_the_table_is_green(self):
        self.assert_green({"base/text.h": HEADER, "plan/plan.cc": '#include "base/text.h"\n'})

    def test_a_door_that_is_not_in_the_table_is_red(self):
        self.assert_red({"store/store.h": HEADER, "plan/plan.cc": '\n#include "store/store.h"\n'},
                        'src/plan/plan.cc:2: "store/store.h" is behind no door of plan')

    def test_one_header_of_a_room_opens_no_other(self):
        interface = {"store/session_store.h": HEADER, "store/sqlite_store.h": HEADER}
        self.assert_green(interface | {"execute/a.cc": '#include "store/session_store.h"\n'})
        self.assert_red(interface | {"execute/a.cc": '#include "store/sqlite_store.h"\n'},
                        '"store/sqlite_store.h" is behind no door of execute')

    def test_tests_may_include_anything(self):
        include = '#include "store/store.h"'
        self.assert_green({"store/store.h": HEADER, "plan/plan_test.cc": include})
        self.assert_green({"store/store.h": HEADER, "plan/testing/plans.cc": include})

    def test_a_header_beside_the_file_is_written_from_src(self):
        self.assert_red({"plan/plan.h": HEADER, "plan/plan.cc": '#include "plan.h"\n'},
                        'write it from there, as "room/header.h"')

    def test_a_door_in_disguise_is_red(self):
        store = {"store/store.h": HEADER, "plan/plan.h": HEADER}
        self.assert_red(store | {"plan/plan.cc": '#include "plan/../store/store.h"\n'},
                        'write it from there, as "room/header.h"')
        self.assert_red(store | {"plan/plan.cc": "#include <store/store.h>\n"},
                        "is behind no door of plan")

    def test_a_fenced_library_outside_its_room_is_red(self):
        self.assert_green({"systemd/bus.cc": "#include <systemd/sd-bus.h>\n"})
        self.assert_red({"machine/a.cc": "# include <systemd/sd-bus.h>\n"},
                        "<systemd/sd-bus.h> belongs to systemd")

    def test_the_command_line_knows_only_the_public_headers(self):
        self.assert_green({"cli/who.cc": "#include <restartmanagerx.h>\n"})
        self.assert_red({"base/text.h": HEADER, "cli/who.cc": '#include "base/text.h"\n'},
                        "is behind no door of cli")

    def test_rooms_in_a_circle_are_red(self):
        self.assert_red({"base/a.h": HEADER + '#include "model/b.h"\n',
                         "model/b.h": HEADER + '#include "base/a.h"\n'},
                        "rooms in a circle: base -> model -> base")

    def test_a_header_without_pragma_once_is_red(self):
        self.assert_red({"base/a.h": "int x;\n"}, "src/base/a.h: lacks #pragma once")

    def test_an_empty_word_as_a_name_is_red(self):
        for name in ("base/file_util.h", "base/manager.h", "store/store_manager.h"):
            self.assert_red({name: HEADER}, "name it by what is in it")
        self.assert_green({"systemd/manager.h": HEADER, "machine/service_managers.h": HEADER})

    def test_classes_of_one_name_in_two_rooms_are_red(self):
        store = {"store/link.h": HEADER + "class Link {\n};\n"}
        self.assert_red(store | {"systemd/link.h": HEADER + "struct Link {\n};\n"},
                        "Link is a class of store/link.h and of systemd/link.h")
        self.assert_green(store | {"systemd/link.h": HEADER + "class Link;\n"})
        self.assert_green(store | {"store/win32/link.h": HEADER + "class Link {\n};\n"})

    def test_an_unknown_room_is_red(self):
        self.assert_red({"attic/a.cc": ""}, "the room attic is not in the table of doors")

    def test_a_file_outside_the_rooms_is_red(self):
        self.assert_red({"a.cc": ""}, "src/a.cc: belongs into a room")


if __name__ == "__main__":
    unittest.main()
