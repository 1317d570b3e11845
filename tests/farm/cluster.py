"""Two nodes of Slurm on this machine's loopback, without systemd and beside any Slurm that is here."""

import contextlib
import os
import pathlib
import pwd
import socket
import subprocess
import time

SETTINGS = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
# By default a task that goes back to the queue waits there for two minutes.
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2
SlurmdParameters=config_overrides
SlurmdTimeout=10
KillWait=5
ReturnToService=2
# Eight tasks then make two arrays.
MaxArraySize=6
GresTypes=gpu
NodeName=n[0-1] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{first}-{last}] CPUs=2 RealMemory=1000 Gres=gpu:2
PartitionName=render Nodes=n[0-1] Default=YES MaxTime=INFINITE State=UP
"""


class Cluster:
    """Runs while its context is entered; `environment` leads Slurm's commands to it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.environment = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf")}
        self._stop = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self._start(stack)
            self._stop = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stop.close()

    def call(self, *command):
        """What a command of Slurm prints."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)} failed: {done.stdout}{done.stderr}")
        return done.stdout

    def _start(self, stack):
        ports = free_ports(3)
        first = ports[1]
        settings = SETTINGS.format(
            folder=self.folder,
            host=socket.gethostname().split(".")[0],
            user=pwd.getpwuid(os.getuid()).pw_name,
            port=ports[0],
            first=first,
            last=first + 1,
        )
        (self.folder / "slurm.conf").write_text(settings)
        (self.folder / "gres.conf").write_text("Name=gpu File=/dev/null\nName=gpu File=/dev/zero\n")
        (self.folder / "state").mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        munge = [f"--{name}-file={self.folder}/munge.{name}" for name in ("key", "pid", "log", "seed")]
        socket_path = f"--socket={self.folder}/munge.socket"
        self._run(stack, "munged", "--foreground", "--force", socket_path, *munge)
        wait_for(lambda: (self.folder / "munge.socket").exists(), "munged", 20)
        self._run(stack, "slurmctld", "-D", "-c")
        self._run(stack, "slurmd", "-D", "-N", "n0")
        self._run(stack, "slurmd", "-D", "-N", "n1")
        stack.callback(self._empty)
        wait_for(self._is_idle, f"two idle nodes; see {self.folder}/*.out", 60)

    def _empty(self):
        """Ends all jobs: they would outlive the daemons."""
        subprocess.run(["scancel", "--quiet", "--me"], env=self.environment)
        wait_for(lambda: not self.call("squeue", "-h"), "the end of all jobs", 60)

    def _is_idle(self):
        command = ["sinfo", "-h", "-N", "-o", "%N %t"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        return done.stdout.split() == ["n0", "idle", "n1", "idle"]

    def _run(self, stack, program, *arguments):
        """Starts a daemon that ends with the context."""
        name = "-".join([program, *(a for a in arguments if a[0] != "-")])
        log = stack.enter_context(open(self.folder / f"{name}.out", "wb"))
        path = os.environ["PATH"] + ":/usr/sbin:/sbin"
        environment = {**self.environment, "PATH": path}
        child = subprocess.Popen(
            [program, *arguments], env=environment, stdout=log, stderr=log, start_new_session=True
        )
        stack.callback(end, child)


def end(child):
    """Ends a process that was started here."""
    child.terminate()
    try:
        child.wait(20)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def free_ports(count):
    """The numbers of so many ports in a row that nobody listens at."""
    for first in range(17000, 30000, 10):
        with contextlib.ExitStack() as stack:
            try:
                for port in range(first, first + count):
                    listener = stack.enter_context(socket.socket())
                    listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return list(range(first, first + count))
    raise SystemExit("no three free ports in a row between 17000 and 30000")


def wait_for(condition, what, seconds=120):
    """The first answer of `condition` that is true; ends the tests where none comes in time."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise SystemExit(f"waited {seconds} s in vain for: {what}")
        time.sleep(0.1)
    return answer
