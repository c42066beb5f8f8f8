"""The workspace of a project that uses appcache, in a folder of its own."""

import os
import pathlib
import shutil
import subprocess

# The checkout, which the files of a test link to.
TOP = pathlib.Path("MODULE.bazel").resolve().parent
WORK = pathlib.Path(os.environ["TEST_TMPDIR"]).resolve()
PROJECT = TOP / "tests/consumers/bazel/project"


class Workspace:
    """Has a Bazel server of its own, which stop() ends."""

    def __init__(self):
        self.folder = WORK / "project"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.copy("BUILD.consumer", "BUILD.bazel")
        self.copy("consumer.bazelrc", ".bazelrc")
        for program in (TOP / "tests/consumers").glob("*.cc"):
            shutil.copy(program, self.folder)
        text = (PROJECT / "WORKSPACE.consumer").read_text(encoding="utf-8")
        assert "/path/to/appcache" in text
        self.workspace_text = text.replace("/path/to/appcache", str(TOP))
        self.write("WORKSPACE", self.workspace_text)

    def copy(self, name, new_name):
        shutil.copy(PROJECT / name, self.folder / new_name)

    def write(self, name, text):
        file = self.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def call(self, *words):
        """Runs Bazel. Returns its status, its output and its messages."""
        done = subprocess.run(
            [
                "bazel",
                f"--output_user_root={WORK}/bazel",
                "--max_idle_secs=60",
                # For a server of a few seconds, the second compiler of the JVM
                # takes more time than it saves.
                "--host_jvm_args=-XX:TieredStopAtLevel=1",
                *words,
            ],
            cwd=self.folder,
            env=dict(os.environ, HOME=str(WORK)),
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def run(self, *words):
        """Runs Bazel, which must succeed. Returns its output."""
        status, output, messages = self.call(*words)
        if status != 0:
            raise AssertionError(f"bazel {words}: {status}\n{messages}")
        return output

    def stop(self):
        self.run("shutdown")
