#!/usr/bin/env python3
"""Fetches libtorch out of the wheels that a lock file pins, and unpacks what this program needs.

    fetch_libtorch.py CACHE LOCK...

CACHE afterwards, in the shape that the libraries' own run paths ($ORIGIN/../../nvidia) expect:

    torch/             what LIBTORCH points to: include, lib, build-version
    nvidia/*/lib/      NVIDIA's libraries
    cuda/lib/          torch's CUDA half, apart from torch/lib: torch-sys links whatever
                       libtorch_cuda.so it finds there, and the program would need it to start
    *.lock             the wheels unpacked so far; equal to the lock file when all are

Wheels are taken one at a time, so that an interrupted run goes on where it stopped.
"""

import fcntl
import fnmatch
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

# The members of the wheels that each lock file is about.
MEMBERS = {
    "libtorch.lock": [
        "torch/include/*",
        "torch/lib/libc10.so",
        "torch/lib/libgomp.so.1",
        "torch/lib/libtorch_cpu.so",
        "nvidia/cu13/lib/libcudart.so.13",
        "nvidia/cu13/lib/libcupti.so.13",
    ],
    "libtorch-cuda.lock": [
        "torch/lib/libc10_cuda.so",
        "torch/lib/libcaffe2_nvrtc.so",
        "torch/lib/libtorch_cuda.so",
        "torch/lib/libtorch_cuda_linalg.so",
        "torch/lib/libtorch_nvshmem.so",
        "nvidia/*/lib/*.so*",
    ],
    "nvrtc.lock": [
        "nvidia/cu13/lib/libnvrtc.so.13",
        "nvidia/cu13/lib/libnvrtc-builtins.so.13.0",
    ],
}
# Disk space in GB; the first includes torch's wheel, the largest of all.
SPACE = {"libtorch.lock": 1.5, "libtorch-cuda.lock": 5.0, "nvrtc.lock": 0.3}
# libtorch_cpu.so opens these two by name, and looks only in its own folder.
OPENED_BY_TORCH_CPU = ["libcaffe2_nvrtc.so", "libtorch_cuda_linalg.so"]

PLATFORMS = ["manylinux_2_28", "manylinux_2_27", "manylinux_2_25", "manylinux_2_18", "manylinux2014"]
ATTEMPTS = 2  # A dropped connection ends an older pip.


def main():
    cache, locks = Path(sys.argv[1]), [Path(lock) for lock in sys.argv[2:]]
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "in-use", "w") as guard:
        take(guard)
        pending = [(lock, line) for lock in locks for line in missing(cache, lock)]
        if pending:
            check_space(cache, locks)
        wheels = cache / "wheels"
        shutil.rmtree(wheels / "tmp", ignore_errors=True)
        for index, (lock, line) in enumerate(pending):
            wheel = download(wheels, line)
            unpack(wheel, cache, lock.name)
            if all(line != later for _, later in pending[index + 1 :]):
                wheel.unlink()
            with open(cache / lock.name, "a") as record:
                record.write(line + "\n")
        for lock in locks:
            finish(cache, lock)
        shutil.rmtree(wheels, ignore_errors=True)


def take(guard):
    """Of two set-ups at once the second waits, and then finds the work done."""
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("setup: waiting for another set-up to finish", flush=True)
        fcntl.flock(guard, fcntl.LOCK_EX)


def requirements(lock):
    return [line for line in lock.read_text().splitlines() if line and not line.startswith("#")]


def missing(cache, lock):
    """The lock file's requirements that are not unpacked yet."""
    record = cache / lock.name
    done = requirements(record) if record.exists() else []
    wanted = requirements(lock)
    if any(line not in wanted for line in done):  # Other pins than ours: begin again.
        record.unlink()
        done = []
    return [line for line in wanted if line not in done]


def check_space(cache, locks):
    present = sum(file.lstat().st_size for file in cache.rglob("*") if file.is_file())
    needed = sum(SPACE[lock.name] for lock in locks) - present / 1e9
    free = shutil.disk_usage(cache).free / 1e9
    if free < needed:
        sys.exit(
            f"setup: {cache} has {free:.1f} GB free and libtorch needs {needed:.1f} GB more: "
            "make room, or set SG3RENDER_CACHE to a folder on a larger disk."
        )


def download(wheels, line):
    """Has pip fetch one pinned wheel into `wheels` and returns its path; pip checks the hash."""
    name, version = line.split()[0].split("==")
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    temporary = wheels / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=temporary, suffix=".txt") as lock:
        lock.write(line + "\n")
        lock.flush()
        command = [sys.executable, "-m", "pip", "download", "--require-hashes", "-r", lock.name]
        command += ["-d", str(wheels), "--no-deps", "--no-cache-dir", "--disable-pip-version-check"]
        command += ["--only-binary=:all:", "--implementation=cp", "--python-version=3.11", "--abi=cp311"]
        command += [f"--platform={platform}_x86_64" for platform in PLATFORMS]
        if not sys.stderr.isatty():
            command.append("--quiet")
        print(f"setup: fetching {name} {version}", flush=True)
        for _ in range(ATTEMPTS):
            # pip keeps unfinished downloads in TMPDIR: within the cache they are found again and removed.
            if subprocess.run(command, env={**os.environ, "TMPDIR": str(temporary)}).returncode == 0:
                return next(wheels.glob(pattern))
    sys.exit(f"setup: pip could not fetch {name} {version} (see above); `make setup` tries again, from here.")


def unpack(wheel, cache, lock_name):
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            wanted = any(fnmatch.fnmatchcase(member.filename, pattern) for pattern in MEMBERS[lock_name])
            if member.is_dir() or not wanted:
                continue
            target = cache / place(member.filename, lock_name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)  # A running program keeps the file that it has mapped.
            with archive.open(member) as source, open(target, "wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)


def place(member, lock_name):
    if lock_name == "libtorch-cuda.lock" and member.startswith("torch/"):
        return "cuda/" + member.removeprefix("torch/")
    return member


def finish(cache, lock):
    """Adds what is in no wheel, then records the set as complete."""
    if lock.name == "libtorch.lock":
        (cache / "torch/build-version").write_text("2.11.0\n")
        # The wheel's libtorch.so is an empty library that asks for libtorch_cuda.so.
        link(cache / "torch/lib/libtorch.so", "libtorch_cpu.so")
    elif lock.name == "libtorch-cuda.lock":
        for name in OPENED_BY_TORCH_CPU:
            link(cache / "torch/lib" / name, f"../../cuda/lib/{name}")
    complete = cache / f"{lock.name}.part"
    shutil.copyfile(lock, complete)
    complete.replace(cache / lock.name)


def link(path, target):
    path.unlink(missing_ok=True)
    path.symlink_to(target)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("setup: interrupted; `make setup` goes on from here.")
    except OSError as error:
        sys.exit(f"setup: {error}")
