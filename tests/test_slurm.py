"""The scripts of configs/cluster on a real Slurm: controller and node daemons that the test starts on this machine."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path

import h5py
import pytest
from conftest import PROGRAM, ROOT
from test_mpi import STUDY, WITH_MPI

DAEMONS = ("munged", "slurmctld", "slurmd")
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmdSpoolDir={folder}/spool
StateSaveLocation={folder}/state
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,batch_sched_delay=0
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=test Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""

pytestmark = [
    pytest.mark.verify,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="Slurm's daemons want to be root"),
    pytest.mark.skipif(any(shutil.which(name) is None for name in DAEMONS), reason="no Slurm; make verify installs it"),
]


def free_ports(n: int) -> list[int]:
    held = [socket.socket() for _ in range(n)]
    for s in held:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def wait_for(what, seconds: float = 60) -> None:
    end = time.time() + seconds
    while not what():
        assert time.time() < end, "it takes too long"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slurm")
    folder.chmod(0o755)
    for name in ("spool", "state"):
        (folder / name).mkdir()
    key, munge = folder / "munge.key", folder / "munge.socket"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)
    (folder / "slurm.conf").write_text(
        CONFIGURATION.format(folder=folder, host=socket.gethostname().split(".")[0], ports=free_ports(2))
    )
    environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf")}
    commands = [
        ["munged", "-F", "--force", "--key-file", key, "--socket", munge, "--pid-file", folder / "munge.pid",
         "--log-file", folder / "munge.log", "--seed-file", folder / "munge.seed"],
        ["slurmctld", "-D"],
        ["slurmd", "-D"],
    ]  # fmt: skip
    daemons = []
    try:
        for command in commands:
            log = (folder / f"{command[0]}.out").open("w")
            daemons.append(subprocess.Popen([str(c) for c in command], env=environment, stdout=log, stderr=log))
            if command[0] == "munged":
                wait_for(munge.exists)
        sinfo = ["sinfo", "-h", "-o", "%T"]
        wait_for(
            lambda: subprocess.run(sinfo, env=environment, capture_output=True, text=True).stdout.strip() == "idle"
        )
        yield environment
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
            daemon.wait(timeout=30)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.cfg").write_text(STUDY.format(replicates=30))
    subprocess.run([PROGRAM, "run", "s.cfg", "-o", "whole.h5"], check=True, capture_output=True)
    return tmp_path


def submit(environment: dict[str, str], script: str, *options: str) -> str:
    command = ["sbatch", "--parsable", "--output=log-%j", *options, str(ROOT / "configs" / "cluster" / script)]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def finish(environment: dict[str, str], job: str, folder: Path) -> None:
    show = ["scontrol", "-o", "show", "job", job]

    def state() -> str:
        return subprocess.run(show, env=environment, capture_output=True, text=True).stdout

    wait_for(
        lambda: "JobState=COMPLETED" in state() or "JobState=FAILED" in state() or "JobState=CANCELLED" in state(), 120
    )
    logs = "\n".join(path.read_text() for path in folder.glob("log-*"))
    assert "JobState=COMPLETED" in state(), logs


def digest(path: str) -> str:
    with h5py.File(path) as file:
        return file.attrs["digest"]


def test_a_job_array_and_its_merging(slurm, folder):
    environment = slurm | {"STUDY": "s.cfg", "OUT": "array.h5", "ENFORCESIM": str(PROGRAM)}
    array = submit(environment, "array.sbatch", "--array=1-3", "--cpus-per-task=2")
    merge = submit(environment, "merge.sbatch", f"--dependency=afterok:{array}")
    finish(environment, merge, folder)
    assert digest("array.h5") == digest("whole.h5")
    again = submit(environment, "array.sbatch", "--array=1-3", "--cpus-per-task=2")  # nothing is left to do
    finish(environment, f"{again}_1", folder)


def test_ranks_by_srun(slurm, folder):
    environment = slurm | {"STUDY": "s.cfg", "OUT": "ranks.h5", "ENFORCESIM": str(WITH_MPI)}
    finish(environment, submit(environment, "ranks.sbatch", "--ntasks=4"), folder)
    assert digest("ranks.h5") == digest("whole.h5")
    assert "wrote ranks.h5" in "\n".join(path.read_text() for path in folder.glob("log-*"))
