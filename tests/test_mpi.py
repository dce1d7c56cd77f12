"""Runs on several ranks of MPI: one file, one digest, whatever their number; a rank that dies costs nothing done."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import pytest
from conftest import PROGRAM, ROOT, effort
from held import HANGS, alive, size, slowed, wait_until

WITH_MPI = ROOT / os.environ.get("BUILD", "build") / "with-mpi" / "enforcesim"
STUDY = """
run = {{ name = "ranks"; seed = 5; replicates = {replicates}; burn_in = 120; horizon = 90; record_every = 30; }};
parameters : {{ region : {{ venues = 12; districts = 2; traffickers = 5; cities = 2; }}; }};
policies : {{ status_quo : {{ }}; raids : {{ sweep_rate = 6.0; }}; }};
scenarios = ( {{ name = "a"; policy = "status_quo"; }}, {{ name = "b"; policy = "raids"; }},
              {{ name = "c"; policy = "raids"; phases = ( {{ day = 40; policy = "status_quo"; }} ); }} );
"""
# The third point breaks a rule between parameters, and the sizes of worlds differ.
DESIGN = "region.venues,region.districts\n12,2\n20,4\n5,9\n8,1\n30,3\n"
AS_ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
LAUNCH = ["mpirun", "--oversubscribe", "--mca", "btl_base_warn_component_unused", "0"]

pytestmark = pytest.mark.skipif(shutil.which("mpirun") is None, reason="no mpirun; make test installs it")


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    for name, value in AS_ROOT.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "s.cfg").write_text(STUDY.format(replicates=7))
    (tmp_path / "long.cfg").write_text(STUDY.format(replicates=500))
    (tmp_path / "d.csv").write_text(DESIGN)
    return tmp_path


def launch(ranks: int, *arguments: object, status: int = 0, launcher: list[str] = LAUNCH) -> str:
    """What the ranks printed, without the launcher's own remarks."""
    command = [*launcher, "-n", str(ranks), str(WITH_MPI), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANGS)
    assert done.returncode == status, done.stderr
    return "".join(re.findall(r"^(?:enforcesim: |wrote ).*\n", done.stderr, re.MULTILINE))


def alone(*arguments: object, status: int = 0) -> None:
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=HANGS)
    assert done.returncode == status, done.stderr


def digest(path: str) -> str:
    with h5py.File(path) as file:
        return file.attrs["digest"]


@pytest.mark.parametrize(
    ("ranks", "replicates", "threads"), [(1, 7, 2), (2, 7, 1), (2, 1, 1), (2, 60, 2), (4, 1, 1), (4, 2, 3), (4, 60, 1)]
)
def test_the_same_bits_on_any_number_of_ranks(folder, ranks, replicates, threads):
    """Replicates, or where these are few scenarios, spread over ranks and their threads."""
    alone("run", "s.cfg", "-r", replicates, "-o", "alone.h5")
    said = launch(ranks, "run", "s.cfg", "-r", replicates, "-j", threads, "-o", "ranks.h5")
    assert said.count("\n") == 1 and f"wrote ranks.h5: {replicates} replicates of 3 scenarios" in said
    assert digest("ranks.h5") == digest("alone.h5")
    assert not Path("ranks.h5.partial").exists()


@pytest.mark.parametrize(("ranks", "replicates"), [(2, 4), (4, 1)])
def test_designs_on_ranks(folder, ranks, replicates):
    settings = ("run", "s.cfg", "--design", "d.csv", "-r", replicates)
    alone(*settings, "-o", "alone.h5", status=1)
    said = launch(ranks, *settings, "-o", "ranks.h5", status=1)
    assert "d.csv:4: " in said and "1 of 5 points could not be run" in said
    assert digest("ranks.h5") == digest("alone.h5")


@pytest.mark.parametrize("output", ["summary", "quantiles"])
@pytest.mark.parametrize("replicates", [1, 20])  # divided, and whole
def test_what_is_recorded_is_chosen_on_ranks(folder, output, replicates):
    settings = (
        "run",
        "s.cfg",
        "-r",
        replicates,
        "--set",
        f"run.output={output}",
        "--set",
        "run.metrics=fear,minor_days",
    )
    alone(*settings, "-o", "alone.h5")
    launch(3, *settings, "-j", 1, "-o", "ranks.h5")
    assert digest("ranks.h5") == digest("alone.h5")


def test_shards_of_ranks(folder):
    alone("run", "s.cfg", "-o", "alone.h5")
    for i in (1, 2):
        launch(2, "run", "s.cfg", "-o", "s.h5", "--shard", f"{i}/2")
    alone("merge", "s.cfg", "s.h5.shard-1-of-2", "s.h5.shard-2-of-2", "-o", "s.h5")
    assert digest("s.h5") == digest("alone.h5")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "none.cfg"), "none.cfg: cannot be opened"),
        (("run", "s.cfg", "--wrong"), "unknown option --wrong"),
        (("run", "s.cfg", "-o", "not/there.h5"), "the folder not does not exist"),
        (("run", "s.cfg", "--set", "run.seeed=3"), "seeed"),
        (("run", "s.cfg", "-o", "there.h5"), "is there already"),
    ],
)
def test_what_is_refused_is_refused_once(folder, arguments, words):
    Path("there.h5").write_text("mine")
    said = launch(3, *arguments, status=2)
    assert said.count("\n") == 1 and words in said
    assert Path("there.h5").read_text() == "mine" and not list(folder.glob("*.partial"))


def test_ranks_that_find_another_file_are_refused(folder):
    """As when the nodes of a cluster do not share their files."""
    (folder / "other").mkdir()
    (folder / "other" / "s.cfg").write_text(STUDY.format(replicates=8))
    script = folder / "start.sh"
    script.write_text(f'#!/bin/sh\n[ "$OMPI_COMM_WORLD_RANK" = 1 ] && cd other\nexec {WITH_MPI} run s.cfg -o s.h5\n')
    script.chmod(0o755)
    done = subprocess.run([*LAUNCH, "-n", "2", str(script)], capture_output=True, text=True, timeout=HANGS)
    assert done.returncode == 2 and "enforcesim: rank 1 reads another scenario file or design" in done.stderr
    assert not list(folder.glob("*.h5*"))


def test_a_program_without_mpi_says_so(folder):
    done = subprocess.run(
        [*LAUNCH, "-n", "2", str(PROGRAM), "run", "s.cfg"], capture_output=True, text=True, timeout=HANGS
    )
    assert done.returncode == 2 and "build it with 'make MPI=1'" in done.stderr


def ranks_of(launcher: int) -> list[int]:
    """Their processes, in order."""
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()

    def rank(pid: str) -> int:
        return int(re.search(rb"\0OMPI_COMM_WORLD_RANK=(\d+)\0", Path(f"/proc/{pid}/environ").read_bytes())[1])

    return [int(pid) for pid in sorted(children, key=rank)]


@contextmanager
def under_way(partial: Path, *command: str) -> Iterator[subprocess.Popen[str]]:
    """Three ranks whose journal is being written, slowly: seconds are left."""
    slowly = slowed("write", 10)
    export = [word for name, value in slowly.items() for word in ("-x", f"{name}={value}")]
    process = subprocess.Popen(
        [*LAUNCH, *export, "-n", "3", str(WITH_MPI), "run", *command, "-j", "1", "-o", "k.h5", "--quiet"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert wait_until(lambda: size(partial) > 30_000, process), "the run ended before it could be stopped"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("victim", "how"),
    [
        ("leader", signal.SIGKILL),
        ("follower", signal.SIGKILL),
        ("follower", signal.SIGTERM),
        ("launcher", signal.SIGKILL),
        ("launcher", signal.SIGTERM),
    ],
)
def test_a_rank_that_dies_costs_nothing_finished(folder, victim, how):
    partial = Path("k.h5.partial")
    with under_way(partial, "long.cfg") as process:
        ranks = ranks_of(process.pid)
        os.kill({"launcher": process.pid, "leader": ranks[0], "follower": ranks[-1]}[victim], how)
        process.communicate(timeout=HANGS)
        wait_until(lambda: not any(map(alive, ranks)))  # where mpirun itself was killed, they end when they notice
    status = process.returncode
    assert status in (130, 143) if (victim, how) == ("follower", signal.SIGTERM) else status != 0
    assert not Path("k.h5").exists() and partial.stat().st_size > 30_000
    alone("run", "long.cfg", "-o", "k.h5", "--resume")
    alone("run", "long.cfg", "-o", "whole.h5")
    assert digest("k.h5") == digest("whole.h5")


# The program itself can start no thread on RANK but the FIRST few, and learns it SECONDS later; MPI's are left alone.
NO_THREAD = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument)
{
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    static int started;
    Dl_info caller;
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    if (rank && strcmp(rank, RANK) == 0 && dladdr(__builtin_return_address(0), &caller) &&
        strstr(caller.dli_fname, "enforcesim") && ++started > FIRST) {
        sleep(SECONDS);
        return EAGAIN;
    }
    return real(thread, attributes, start, argument);
}
"""


# Tells who enters MPI_Finalize.
LEAVING = """
#include <stdio.h>
#include <stdlib.h>
int PMPI_Finalize(void);
int MPI_Finalize(void)
{
    char name[80];
    snprintf(name, sizeof name, "left-%s", getenv("OMPI_COMM_WORLD_RANK"));
    FILE *file = fopen(name, "w");
    if (file != NULL) fclose(file);
    return PMPI_Finalize();
}
"""


def launcher_with(folder: Path, shim: str, **defined: object) -> list[str]:
    Path("shim.c").write_text(shim)
    definitions = [f"-D{name}={value}" for name, value in defined.items()]
    subprocess.run(["cc", "-shared", "-fPIC", *definitions, "-o", "shim.so", "shim.c", "-ldl"], check=True)
    return [*LAUNCH, "-x", f"LD_PRELOAD={folder}/shim.so"]


def test_a_rank_without_a_thread_ends_the_run(folder):
    launcher = launcher_with(folder, NO_THREAD + LEAVING, RANK='"1"', FIRST=0, SECONDS=0)
    said = launch(3, "run", "s.cfg", "-o", "s.h5", status=1, launcher=launcher)
    assert said.startswith("enforcesim: rank 1: no thread can be started") and said.count("\n") == 1, said
    assert not Path("s.h5").exists()
    # Where some finalise while one aborts, mpirun may hang.
    assert not list(folder.glob("left-*"))


def test_a_leader_without_threads_lets_nobody_work_on(folder):
    """By then each of the others has 64 replicates to run, of some seconds each."""
    launcher = launcher_with(folder, NO_THREAD, RANK='"0"', FIRST=1, SECONDS=2)
    large = ("--set", "parameters.region.venues=2000", "--set", "parameters.region.districts=60", "--days", 5000)
    begun = time.monotonic()
    said = launch(3, "run", "s.cfg", "-r", 4000, *large, "-j", 2, "-o", "s.h5", status=1, launcher=launcher)
    assert said.startswith("enforcesim: only 1 of 2 threads can be started") and said.count("\n") == 1, said
    assert time.monotonic() - begun < 100


def test_all_ranks_leave_together(folder):
    launch(3, "run", "s.cfg", "-o", "s.h5", launcher=launcher_with(folder, LEAVING))
    assert sorted(file.name for file in folder.glob("left-*")) == ["left-0", "left-1", "left-2"]


def test_resumed_on_ranks(folder):
    """What one process has begun, several go on with, and the other way round."""
    alone("run", "s.cfg", "-o", "whole.h5")
    alone("run", "s.cfg", "-o", "r.h5", "--shard", "1/2")
    os.rename("r.h5.shard-1-of-2", "r.h5.partial")
    launch(3, "run", "s.cfg", "-o", "r.h5", "--resume")
    assert digest("r.h5") == digest("whole.h5")


# ---- the cities of one region, spread over ranks ----

REGION = """
run = {{ name = "region"; seed = 6; replicates = {replicates}; burn_in = 120; horizon = 210; record_every = 30; }};
parameters : {{
  region : {{ venues = 12; districts = 2; traffickers = 5; cities = {cities};
             relocate_rate = 0.3; relocate_gain = 0.0; }};
}};
policies : {{ status_quo : {{ }}; raids : {{ sweep_rate = 6.0; }}; }};
scenarios = ( {{ name = "a"; policy = "status_quo"; }},
              {{ name = "b"; policy = "raids"; phases = ( {{ day = 40; policy = "status_quo"; }} ); }} );
"""
OVER_CITIES = ("--ranks-over", "cities")
# The third point breaks a rule between parameters; one world has a single city, another more than there are ranks.
REGIONS = "region.cities,region.venues,region.districts\n2,12,2\n1,20,4\n3,5,9\n7,8,1\n"


def region(folder: Path, cities: int, replicates: int) -> None:
    (folder / "g.cfg").write_text(REGION.format(cities=cities, replicates=replicates))


@pytest.mark.parametrize(
    ("cities", "ranks", "threads"),
    [(1, 2, 1), (2, 1, 2), (2, 2, 2), (2, 3, 1), (3, 2, 1), (3, 4, 1), (7, 2, 2), (7, 3, 1), (7, 4, 1)],
)
def test_the_same_bits_where_ranks_share_a_region(folder, cities, ranks, threads):
    region(folder, cities, 2)
    alone("run", "g.cfg", *OVER_CITIES, "-o", "alone.h5")
    said = launch(ranks, "run", "g.cfg", "-j", threads, *OVER_CITIES, "-o", "ranks.h5")
    assert said.count("\n") == 1 and "wrote ranks.h5: 2 replicates of 2 scenarios" in said
    assert digest("ranks.h5") == digest("alone.h5")
    assert not Path("ranks.h5.partial").exists()


@pytest.mark.parametrize("over", ["auto", "units", "cities"])
def test_it_does_not_matter_what_ranks_share(folder, over):
    """With auto these three ranks share the cities: one replicate has but two scenarios."""
    region(folder, 3, 1)
    alone("run", "g.cfg", "-o", "alone.h5")
    said = launch(3, "run", "g.cfg", "-j", 1, "--ranks-over", over, "-o", "ranks.h5")
    assert digest("ranks.h5") == digest("alone.h5")
    days = re.compile(r"([\d.e+]+) person-days")
    alone_again = subprocess.run(
        [PROGRAM, "run", "g.cfg", "-o", "again.h5"], capture_output=True, text=True, check=True
    ).stderr
    if over != "units":  # where scenarios are apart, each has a burn-in of its own
        assert days.search(said)[1] == days.search(alone_again)[1]


def test_what_ranks_share_is_one_of_three(folder):
    said = launch(2, "run", "s.cfg", "--ranks-over", "streets", status=2)
    assert said == "enforcesim: --ranks-over streets is unknown; allowed: auto, units, cities\n"


def test_designs_of_regions_on_ranks(folder):
    region(folder, 2, 2)
    (folder / "g.csv").write_text(REGIONS)
    settings = ("run", "g.cfg", "--design", "g.csv", *OVER_CITIES)
    alone(*settings, "-o", "alone.h5", status=1)
    said = launch(3, *settings, "-j", 1, "-o", "ranks.h5", status=1)
    assert "g.csv:4: " in said and "1 of 4 points could not be run" in said
    assert digest("ranks.h5") == digest("alone.h5")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("victim", "how"), [(0, signal.SIGKILL), (2, signal.SIGKILL), (0, signal.SIGINT), (2, signal.SIGTERM)]
)
def test_a_shared_region_goes_on_where_it_ended(folder, victim, how):
    """A rank dies, or one of them is asked to stop, whichever it is."""
    region(folder, 3, 300)
    partial = Path("k.h5.partial")
    with under_way(partial, "g.cfg", *OVER_CITIES) as process:
        ranks = ranks_of(process.pid)
        os.kill(ranks[victim], how)
        said = process.communicate(timeout=HANGS)[1]
        wait_until(lambda: not any(map(alive, ranks)))
    assert process.returncode != 0
    if how != signal.SIGKILL:
        assert re.search(r"enforcesim: interrupted; \d+ of 300 replicates are in k.h5.partial", said), said
        assert process.returncode in (130, 143)
    assert not Path("k.h5").exists() and partial.stat().st_size > 30_000
    alone("run", "g.cfg", "-o", "k.h5", "--resume")
    alone("run", "g.cfg", "-o", "whole.h5")
    assert digest("k.h5") == digest("whole.h5")


def test_a_region_begun_alone_is_finished_by_ranks(folder):
    region(folder, 3, 4)
    alone("run", "g.cfg", "-o", "whole.h5")
    alone("run", "g.cfg", "-o", "r.h5", "--shard", "1/2")
    os.rename("r.h5.shard-1-of-2", "r.h5.partial")
    launch(2, "run", "g.cfg", "-j", 1, *OVER_CITIES, "-o", "r.h5", "--resume")
    assert digest("r.h5") == digest("whole.h5")


# ---- hosts ----


def network(*command: str) -> bool:
    return subprocess.run(["ip", *command], capture_output=True).returncode == 0


@pytest.fixture
def hosts(folder):
    """Two network namespaces with names and addresses of their own, joined by a bridge: two machines with one disk."""
    own = os.getpid() % 10000  # two such tests may run side by side
    bridge, net = f"es{own}", f"10.213.{own % 250}"
    if shutil.which("ip") is None or os.geteuid() != 0 or not network("link", "add", bridge, "type", "bridge"):
        pytest.skip("no network namespaces can be made here")
    names = [f"es{own}h1", f"es{own}h2"]
    try:
        assert network("addr", "add", f"{net}.1/24", "dev", bridge) and network("link", "set", bridge, "up")
        for i, name in enumerate(names):
            made = network("netns", "add", name) and network(
                "link", "add", f"{name}a", "type", "veth", "peer", f"{name}b"
            )
            if not made:
                pytest.skip("no network namespaces can be made here")
            assert network("link", "set", f"{name}a", "master", bridge, "up")
            assert network("link", "set", f"{name}b", "netns", name)
            assert network("-n", name, "addr", "add", f"{net}.{i + 2}/24", "dev", f"{name}b")
            assert network("-n", name, "link", "set", f"{name}b", "up") and network(
                "-n", name, "link", "set", "lo", "up"
            )
        agent = folder / "agent.sh"  # called like ssh: HOST COMMAND...
        agent.write_text(
            '#!/bin/sh\nwhile [ "${1#-}" != "$1" ]; do shift; done\nhost=$1; shift\n'
            'exec ip netns exec "$host" unshare --uts sh -c "hostname $host; $*"\n'
        )
        agent.chmod(0o755)
        yield names, agent, f"{net}.0/24"
    finally:
        for name in names:
            network("link", "del", f"{name}a")
            network("netns", "del", name)
        network("link", "del", bridge)


@pytest.mark.slow
def test_across_hosts(folder, hosts):
    names, agent, net = hosts
    places = ",".join(f"{name}:2" for name in names)
    network_only = ["--mca", "btl_tcp_if_include", net, "--mca", "oob_tcp_if_include", net]
    launcher = ["mpirun", "--oversubscribe", "--host", places, "--mca", "plm_rsh_agent", str(agent)]
    launcher += ["--mca", "btl", "tcp,self,vader", "--mca", "plm_rsh_no_tree_spawn", "1", *network_only]
    where = subprocess.run([*launcher, "-n", "4", "hostname"], capture_output=True, text=True, timeout=HANGS)
    assert where.returncode == 0, where.stderr
    assert sorted(where.stdout.split()) == sorted(names * 2)
    for replicates in (1, effort(20, 200)):
        alone("run", "s.cfg", "-r", replicates, "-o", "alone.h5", "--force")
        launch(4, "run", "s.cfg", "-r", replicates, "-j", 1, "-o", "hosts.h5", "--force", launcher=launcher)
        assert digest("hosts.h5") == digest("alone.h5")
