"""Gets a benchmark program from a file, a Git revision, or the working tree."""

import os
import shutil
import subprocess
import tempfile

from bench_tools.failure import Failure

TOP = os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
)


def _call(command, directory, what):
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise Failure(f"cannot {what}: {command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        errors = done.stderr.strip()[-3000:]
        raise Failure(f"cannot {what}:\n{errors}")
    return done.stdout.strip()


def build(targets, directory=None, defines=()):
    """Builds the targets optimized. {target: path of the program}"""
    directory = directory or TOP
    flags = ["--compilation_mode=opt"]
    flags += [f"--define={define}" for define in defines]
    names = " ".join(targets)
    _call(
        ["bazel", "build", "--noshow_progress", *flags, *targets],
        directory,
        f"build {names}",
    )
    root = _call(
        ["bazel", "info", *flags, "execution_root"], directory, "ask Bazel"
    )
    paths = {}
    for target in targets:
        path = _call(
            [
                "bazel",
                "cquery",
                *flags,
                "--output=starlark",
                "--starlark:expr=target.files_to_run.executable.path",
                target,
            ],
            directory,
            f"find {target}",
        )
        paths[target] = os.path.join(root, path)
    return paths


def _build_revision(commit, target, keep_in):
    """Builds in a new worktree, so that this one stays as it is."""
    with tempfile.TemporaryDirectory() as folder:
        tree = os.path.join(folder, "tree")
        _call(
            ["git", "worktree", "add", "--detach", tree, commit],
            TOP,
            f"check out {commit}",
        )
        try:
            settings = os.path.join(TOP, "user.bazelrc")
            if os.path.exists(settings):
                shutil.copy(settings, tree)
            shutil.copy(build([target], tree)[target], keep_in)
        finally:
            # The Bazel server of the worktree, which has no further use.
            subprocess.run(
                ["bazel", "clean", "--expunge"],
                cwd=tree,
                capture_output=True,
                check=False,
            )
            subprocess.run(
                ["git", "worktree", "remove", "--force", tree],
                cwd=TOP,
                capture_output=True,
                check=False,
            )


def fetch(name, target, path):
    """Copies the program that `name` stands for to `path`: that file, the
    working tree for ".", or the program that a Git revision builds."""
    if os.path.isfile(name):
        if not os.access(name, os.X_OK):
            raise Failure(f"cannot run {name}: it is not executable")
        shutil.copy(name, path)
    elif name == ".":
        shutil.copy(build([target])[target], path)
    elif os.sep in name and os.path.exists(os.path.dirname(name)):
        raise Failure(
            f"cannot open {name}: no such file;"
            " expected a program, a Git revision, or ."
        )
    else:
        try:
            commit = _call(
                ["git", "rev-parse", "--verify", f"{name}^{{commit}}"],
                TOP,
                f"find {name}",
            )
        except Failure:
            raise Failure(
                f'"{name}" is neither a file nor a Git revision;'
                " expected a program, a revision, or . for the working tree"
            ) from None
        _build_revision(commit, target, path)
