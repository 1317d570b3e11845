#!/usr/bin/env python3
"""Films on real engines: Slurm on two nodes of loopback, where things go wrong, and Open Job Description.

    make test-farm                  all of it
    tests/farm/run.py NAME ...      some of it: the functions below without `test_`

Every film must have the decoded frames of one process's render, or be refused as documented.
`SG3RENDER_BIN` names the program (default: the one that `cargo test` builds).
"""

import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from cluster import Cluster, wait_for

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
PROGRAM = pathlib.Path(os.environ.get("SG3RENDER_BIN", TARGET / "debug/sg3render")).resolve()
CACHE = os.environ.get("SG3RENDER_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "sg3render"
)
FRAMES, CHUNK, TASKS = 200, 25, 8
SIZE = ["--size", "80x64"]
PART = re.compile(r"(\d+)-(\d+)(?:\.head|\.tail)?\.(?:mkv|segments)\.[^.]+\.(\d+)\.\d+\.part$")


class Job:
    """A planned film in a folder of its own, with a name that scripts must quote."""

    def __init__(self, work, cluster, name, *plan):
        self.folder = work / f"{name} it's 5 % ü"
        self.cluster = cluster
        self.film = self.folder / "film.mp4"
        self.timeline = work / "film.ron"
        self.ok("plan", self.timeline, "-o", self.folder, "--chunk", CHUNK, *SIZE, *plan, job=False)

    def run(self, command, *arguments, job=True, program=None):
        """A `farm` command's exit code, its last event, and all it said."""
        line = [PROGRAM, "farm", command, *([self.folder] if job else []), "--json", *arguments]
        environment = {**self.cluster.environment, **({"SG3RENDER": program} if program else {})}
        done = subprocess.run(
            [str(word) for word in line], env=environment, capture_output=True, text=True
        )
        events = [json.loads(text) for text in done.stdout.splitlines()]
        found = [event for event in events if event["event"] in ("done", "status")]
        return done.returncode, (found or [None])[-1], done.stdout + done.stderr

    def ok(self, command, *arguments, **options):
        code, event, said = self.run(command, *arguments, **options)
        assert code == 0, f"farm {command}: exit code {code}: {said}"
        return event

    def watch(self, code=0):
        """The state of the job once nothing of it is in the queue."""
        found, event, said = self.run("status", "--watch")
        assert found == code, f"farm status: exit code {found}, expected {code}: {said}\n{self.logs()}"
        return event

    def finish(self, reference):
        """Waits for the film, which must be the right one."""
        now = self.watch()
        assert now["tasks"]["done"] == TASKS and now["join"]["state"] == "done", now
        assert frames_of(self.film) == reference, f"{self.film} has other frames"
        left = [path.name for path in self.folder.rglob("*.part")]
        # A killed renderer cannot take the pieces of its own away.
        assert len({PART.search(name)[3] for name in left}) <= 1, left
        return now

    def program(self, text):
        """A program that does something else first: `$frames` are the task's."""
        path = self.folder / "program"
        path.write_text(
            '#!/bin/bash\nfor word; do [ "$before" = --frames ] && frames=$word; before=$word; done\n'
            f'cd "$(dirname "$0")"\n{text}\nexec "{PROGRAM}" "$@"\n'
        )
        path.chmod(0o755)
        return str(path)

    def renderer(self, *frames):
        """The number of a process that renders a chunk; of these frames, where some are given."""
        for path in (self.folder / "chunks").glob("*.part"):
            first, last, pid = map(int, PART.search(path.name).groups())
            if not frames or frames == (first, last):
                return pid
        return None

    def wait_for_renderer(self, *frames):
        return wait_for(lambda: self.renderer(*frames), f"a renderer of {frames or 'any frames'}")

    def logs(self):
        return "\n".join(
            f"{path.name}: {path.read_text(errors='replace')}"
            for path in sorted((self.folder / "logs").iterdir())
        )


def frames_of(film):
    """The hashes of a film's decoded frames."""
    line = ["ffmpeg", "-v", "error", "-i", film, "-map", "0:v", "-f", "framemd5", "-"]
    said = subprocess.run(line, check=True, capture_output=True, text=True).stdout
    hashes = [text.split(",")[-1].strip() for text in said.splitlines() if text[0] != "#"]
    assert len(hashes) == FRAMES, f"{film} has {len(hashes)} frames"
    return hashes


def test_whole(work, cluster, reference):
    """Eight tasks in two arrays, a join; nothing is done twice."""
    job = Job(work, cluster, "whole")
    code, _, said = job.run("plan", job.timeline, "-o", job.folder, job=False)
    assert code == 64 and "already planned" in said, said
    assert job.ok("status")["tasks"]["failed"] == TASKS, "nothing is submitted yet"
    assert job.ok("submit")["submitted"] == TASKS
    code, _, said = job.run("submit")
    assert code == 75 and "still in the queue" in said, said
    now = job.finish(reference)
    assert now["fps"] > 0 and not now["failed"], now
    assert len(json.loads((job.folder / "slurm.json").read_text())["arrays"]) == 2
    assert job.ok("submit")["submitted"] == 0


def test_killed(work, cluster, reference):
    """A renderer is killed: its task is tried again."""
    job = Job(work, cluster, "killed")
    job.ok("submit")
    os.kill(job.wait_for_renderer(), signal.SIGKILL)
    job.finish(reference)
    assert "exit code 137, goes back to the queue" in job.logs(), job.logs()
    assert "try 2" in job.logs(), job.logs()


def test_node(work, cluster, reference):
    """A node goes down: its tasks run on the other one."""
    job = Job(work, cluster, "node")
    job.ok("submit")
    on_node = ["squeue", "-h", "-w", "n1", "-t", "running"]
    wait_for(lambda: cluster.call(*on_node), "a task on n1")
    job.wait_for_renderer()
    cluster.call("scontrol", "update", "nodename=n1", "state=down", "reason=test")
    # It comes back by itself, as its daemon still lives.
    job.finish(reference)
    assert "try 2, on" in job.logs(), job.logs()


def test_retried(work, cluster, reference):
    """A task fails twice with 75, and then does not; another one is wrong and is tried once."""
    job = Job(work, cluster, "retried")
    program = job.program(
        "if [ $frames = 50-74 ]; then\n"
        "    echo >>tries; [ $(wc -l <tries) -lt 3 ] && exit 75\n"
        "elif [ $frames = 75-99 ]; then\n"
        "    echo 'the timeline is wrong' >&2; exit 65\n"
        "fi"
    )
    job.ok("submit", program=program)
    now = job.watch(code=75)
    assert (now["tasks"]["done"], len(now["failed"])) == (TASKS - 1, 1), now
    failed = now["failed"][0]
    assert (failed["task"], failed["why"]) == (3, "FAILED, exit code 65"), failed
    assert failed["tail"][-1] == "the timeline is wrong", failed
    assert "DependencyNeverSatisfied" in now["join"]["state"], now
    assert len((job.folder / "tries").read_text()) == 3
    assert job.ok("submit")["submitted"] == 1
    job.finish(reference)


def test_hopeless(work, cluster, reference):
    """A task that fails with 75 for ever is tried three times."""
    job = Job(work, cluster, "hopeless", "--frames", "0-0")
    job.ok("submit", program=job.program('[ "$1" = chunk ] && echo >>tries && exit 75'))
    now = job.watch(code=75)
    assert now["failed"][0]["why"] == "FAILED, exit code 75", now
    assert len((job.folder / "tries").read_text()) == 3


def test_spoilt(work, cluster, reference):
    """Chunks are spoilt before the join, which names them; they alone are rendered again."""
    job = Job(work, cluster, "spoilt")
    program = job.program(
        'if [ "$1" = join ]; then\n'
        "    truncate -s -1 chunks/000050-000074.mkv\n"
        "    dd if=/dev/zero of=chunks/000125-000149.mkv bs=1 seek=2000 count=4096 conv=notrunc 2>&1\n"
        "fi"
    )
    job.ok("submit", program=program)
    now = job.watch(code=75)
    assert now["join"]["state"] == "FAILED, exit code 75", now
    tail = " ".join(now["join"]["tail"])
    for word in ("000050-000074.mkv", "bytes, expected", "000125-000149.mkv", "damaged"):
        assert word in tail, tail
    assert not job.film.exists()
    assert job.ok("submit")["submitted"] == 2
    job.finish(reference)


def test_cancelled(work, cluster, reference):
    """A cancel reaches the renderers, which leave nothing; a second submission goes on."""
    job = Job(work, cluster, "cancelled")
    job.ok("submit")
    wait_for(lambda: list((job.folder / "chunks").glob("*.json")), "the first chunk")
    job.wait_for_renderer()
    job.ok("cancel")
    wait_for(lambda: job.renderer() is None, "the renderers' end")
    now = job.watch(code=75)
    done = now["tasks"]["done"]
    assert 0 < done < TASKS, now
    assert any("CANCELLED" in failed["why"] for failed in now["failed"]), now
    assert job.ok("submit")["submitted"] == TASKS - done
    job.finish(reference)


def test_interrupted(work, cluster, reference):
    """One machine, `--resume`, killed at twenty moments in a row."""
    film = work / "interrupted.mp4"
    chunks = work / "interrupted.mp4.chunks"
    line = [PROGRAM, work / "film.ron", "-o", film, "--resume", "--quiet", *SIZE]
    moments = random.Random(6)
    kills = 0
    while kills < 20:
        renderer = subprocess.Popen(line)
        try:
            renderer.wait(moments.uniform(0.2, 2))
            assert renderer.returncode == 0, renderer.returncode
            assert film.exists() and not chunks.exists()
        except subprocess.TimeoutExpired:
            renderer.kill()
            renderer.wait()
            kills += 1
        if film.exists() and not chunks.exists():
            # It was ready, perhaps a moment before it was killed: once more from the beginning.
            assert frames_of(film) == reference
            film.unlink()
    subprocess.run(line, check=True)
    assert frames_of(film) == reference
    left = sorted(path.name for path in work.iterdir() if path.name.startswith("interrupted"))
    assert left == ["interrupted.mp4", "interrupted.mp4.json"], left


def test_twins(work, cluster, reference):
    """Two processes on each chunk, as a half dead node leaves them: one valid chunk."""
    chunks = work / "twins"
    for first in range(0, FRAMES, 50):
        frames = f"{first}-{first + 49}"
        line = [PROGRAM, "chunk", work / "film.ron", "-o", chunks, "--quiet", "--frames", frames, *SIZE]
        twins = [subprocess.Popen(line) for _ in range(2)]
        assert [twin.wait() for twin in twins] == [0, 0]
    film = work / "twins.mp4"
    subprocess.run([PROGRAM, "join", chunks, "-o", film, "--quiet"], check=True)
    assert frames_of(film) == reference
    manifests = [path for path in chunks.iterdir() if path.suffix == ".json"]
    assert len(manifests) == 4, manifests
    pieces = [piece["file"] for path in manifests for piece in json.loads(path.read_text())["pieces"]]
    left = sorted(path.name for path in chunks.iterdir())
    assert left == sorted(pieces + [path.name for path in manifests]), left


def test_openjd(work, cluster, reference):
    """The template is valid, and runs."""
    job = Job(work, cluster, "openjd")
    openjd = [f"{CACHE}/openjd/bin/openjd"]
    template = str(job.folder / "template.yaml")
    commands = (["check"], ["summary"], ["run", "--step", "Join", "--run-dependencies"])
    for command, *options in commands:
        line = [*openjd, command, template, *options]
        done = subprocess.run(line, capture_output=True, text=True)
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
    assert frames_of(job.film) == reference


def render_reference(work):
    """What one process makes of the timeline."""
    model = REPOSITORY / "tests/golden/stylegan3-r-tiny.pkl"
    seconds = FRAMES / 25
    text = f'(model: "{model}", fps: 25, duration: "{seconds}s", seeds: [1, 2, 3])'
    (work / "film.ron").write_text(text)
    film = work / "reference.mp4"
    line = [PROGRAM, work / "film.ron", "-o", film, "--quiet", *SIZE]
    subprocess.run(line, check=True)
    return frames_of(film)


def main():
    tests = {name[5:]: test for name, test in globals().items() if name.startswith("test_")}
    chosen = sys.argv[1:] or list(tests)
    if unknown := [name for name in chosen if name not in tests]:
        sys.exit(f"no test is called {unknown[0]}; there are {', '.join(tests)}")
    if not PROGRAM.exists():
        sys.exit(f"{PROGRAM} is not there: `cargo build` makes it")
    # Several renderers share the processors: threads that spin while they wait would hold them up.
    os.environ["OMP_WAIT_POLICY"] = "passive"
    # The daemons are ended however this ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    work = pathlib.Path(tempfile.mkdtemp(prefix="sg3render-farm-"))
    with contextlib.ExitStack() as stack:
        reference = render_reference(work)
        (work / "slurm").mkdir()
        cluster = stack.enter_context(Cluster(work / "slurm"))
        for name in chosen:
            begun = time.monotonic()
            try:
                tests[name](work, cluster, reference)
            except AssertionError as error:
                sys.exit(f"{name}: {error}\nEverything it left is in {work}")
            print(f"{name}: {time.monotonic() - begun:.0f} s", flush=True)
    shutil.rmtree(work)


main()
