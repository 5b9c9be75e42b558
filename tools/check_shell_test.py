"""Does check_shell find what it should?"""
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def run(root):
    return subprocess.run([sys.executable, HERE / "check_shell.py", root], capture_output=True, text=True)


assert run(HERE.parent).returncode == 0, run(HERE.parent).stdout
for line in ('system("ls");', 'FILE* f = popen(command, "r");', 'const char* kShell = "/bin/sh";', "execvp(argv[0], argv);"):
    with tempfile.TemporaryDirectory() as directory:
        source = pathlib.Path(directory, "src", "room", "file.cc")
        source.parent.mkdir(parents=True)
        source.write_text(line + "\n")
        found = run(directory)
        assert found.returncode == 1 and "src/room/file.cc:1" in found.stdout, line
        source.rename(source.with_name("file_test.cc"))
        assert run(directory).returncode == 0, line
print("ok")
