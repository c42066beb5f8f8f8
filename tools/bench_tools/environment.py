"""Where and with what a result was measured."""

import datetime
import os
import platform
import subprocess

from bench_tools.builds import TOP

# The Debian packages of the libraries that the programs link or talk to.
PACKAGES = (
    "libsqlite3-0",
    "liblmdb0",
    "libhiredis0.14",
    "libmemcached11",
    "redis-server",
    "memcached",
    "libtkrzw1",
    "libkyotocabinet16v5",
    "librocksdb7.8",
    "libcaffeine-java",
    "libbenchmark1debian",
)


def _now():
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(
            timespec="seconds"
        ),
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


def _output(command):
    """The output of a command, or "" if it fails."""
    try:
        return subprocess.run(
            command, cwd=TOP, capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            for line in info:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _libraries():
    """{package: version} of those that are installed."""
    lines = _output(
        ["sh", "-c", 'dpkg-query -W -f "\\${Package} \\${Version}\\n" "$@" || :']
        + ["sh", *PACKAGES]
    )
    pairs = (line.split(" ", 1) for line in lines.splitlines() if " " in line)
    return {package: version for package, version in pairs if version}


def at_start(seed):
    """The fields of an environment that are known before the first program
    runs."""
    start = _now()
    return {
        "date": start["date"],
        "load_average_start": start["load_average"],
        "seed": seed,
        **machine(),
    }


def machine():
    """The fields of an environment that must be equal in all parts of a run."""
    return {
        "cpu": _processor(),
        "cores": os.cpu_count() or 1,
        "kernel": f"{platform.system()} {platform.release()}",
        "libraries": _libraries(),
    }


def describe(context, start, is_built):
    """The field "environment" of a result. `context` is what a program has
    reported about itself. `start` has the fields of at_start; it may be an
    environment that was described before. `is_built`: the programs were built
    from the working tree; nothing else is known of others."""
    end = _now()
    return {
        "date": start["date"],
        "end": end["date"],
        **{name: start[name] for name in ("cpu", "cores", "kernel")},
        "libraries": start["libraries"],
        "memory_bytes": os.sysconf("SC_PAGE_SIZE")
        * os.sysconf("SC_PHYS_PAGES"),
        "compiler": context.get("compiler") or start.get("compiler", ""),
        "optimized": context.get("optimized") or start.get("optimized", ""),
        "flags": "--compilation_mode=opt" if is_built else "",
        "commit": _output(["git", "rev-parse", "HEAD"]) if is_built else "",
        "modified": is_built
        and bool(_output(["git", "status", "--porcelain"])),
        "load_average_start": start["load_average_start"],
        "load_average_end": end["load_average"],
        "seed": start.get("seed"),
    }
