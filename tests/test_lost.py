"""Nothing is lost: whatever fails, kills or interrupts a run, there is a message, FILE is the old one or none or the
complete new one, and the same command with --resume ends in the bytes of a run that nothing has disturbed."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import PROGRAM, effort
from held import CALLS, EVER, HANGS, PATIENCE, SHIM, alive, calls_made, family, held, kill, slowed, taken, wait_until
from held import fault as variables

# A city as small as it may be: writing the file is nearly all there is to do.
TINY = """
run = { name = "tiny"; seed = 5; replicates = 2; burn_in = 30; horizon = 30; record_every = 30; record_before = 0; };
parameters : { region : { venues = 8; districts = 1; traffickers = 3; }; };
policies : { status_quo : { }; };
scenarios = ( { name = "a"; policy = "status_quo"; } );
"""
ENVIRONMENT = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}


@dataclass
class Place:
    """A folder with the tiny city, in which x.h5 is made."""

    folder: Path
    replicates: int = 2
    threads: int = 1
    whole: bytes = b""
    resumed: set[bytes] = field(default_factory=set)  # contents of x.h5.partial that have proved their worth

    def __post_init__(self) -> None:
        (self.folder / "tiny.cfg").write_text(TINY)

    @property
    def out(self) -> Path:
        return self.folder / "x.h5"

    @property
    def partial(self) -> Path:
        return self.folder / "x.h5.partial"

    @property
    def temporary(self) -> Path:
        return self.folder / "x.h5.enforcesim-tmp"

    @property
    def counts(self) -> Path:
        return self.folder / "counts"

    def command(self, flag: str = "--resume") -> list[str]:
        run = [str(PROGRAM), "run", "tiny.cfg", "-o", "x.h5", "-r", str(self.replicates), "-j", str(self.threads)]
        return [*run, "--quiet", flag]

    def clean(self) -> None:
        for path in (self.out, self.partial, self.temporary):
            path.unlink(missing_ok=True)

    def run(self, flag: str = "--resume", **options: object) -> subprocess.CompletedProcess[str]:
        options = {"env": ENVIRONMENT, "timeout": HANGS, **options}
        return subprocess.run(
            self.command(flag), cwd=self.folder, capture_output=True, text=True, check=False, **options
        )

    def make_whole(self, flag: str = "--resume") -> bytes:
        self.clean()
        done = self.run(flag)
        assert done.returncode == 0 and not done.stderr, done.stderr
        return self.out.read_bytes()


def fault(call: str, at: int, error: int = errno.EIO, until: int | None = None, **more: object) -> dict[str, str]:
    """The environment in which these calls of the program fail."""
    return ENVIRONMENT | variables(call, at, error, until, **more)


def records(place: Place) -> list[int]:
    """The replicates in x.h5.partial whose records are sound, read without the program's help."""
    if not place.partial.exists():
        return []
    data, header = place.partial.read_bytes(), struct.Struct("<8sQQII64s64s32s32sII")
    if len(data) < header.size:
        return []
    fields = header.unpack_from(data)
    values, salt = fields[1], fields[-1]
    assert zlib.crc32(data[: header.size - 4]) == salt
    found, size = [], 8 + 8 * values
    for at in range(header.size, len(data) - size + 1, size):
        replicate, crc = struct.unpack_from("<II", data, at)
        if zlib.crc32(data[at + 8 : at + size], zlib.crc32(data[at : at + 4], salt)) == crc:
            found.append(replicate)
    return found


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stderr.splitlines() if line]  # libgomp puts an empty one before its own
    assert len(lines) == 1, done
    known = ("enforcesim: ", "out of dynamic memory in libconfig", "libgomp: Out of memory")
    assert lines[0].startswith(known), done
    return lines[0]


def recovers(place: Place, whole: bytes, flag: str = "--resume") -> None:
    """With the trouble over, the same command ends well. Once for each state in which it may have been left."""
    left = hashlib.sha256(place.partial.read_bytes() if place.partial.exists() else b"nothing").digest()
    if left in place.resumed or (place.out.exists() and not place.partial.exists()):
        return
    done = place.run(flag)
    assert done.returncode == 0 and not done.stderr, done
    assert place.out.read_bytes() == whole
    assert not place.partial.exists() and not place.temporary.exists()
    place.resumed.add(left)


def no_third_state(
    place: Place, done: subprocess.CompletedProcess[str], whole: bytes, flag: str = "--resume", old: bytes | None = None
) -> bool:
    """Whether the run went well; after a message all is as it was, or as it is to be."""
    assert done.returncode in (0, 1, 2), done
    assert not place.temporary.exists()
    if done.returncode == 0:
        assert not done.stderr and not place.partial.exists(), done
        assert place.out.read_bytes() == whole
        return True
    one_line(done)
    present = place.out.read_bytes() if place.out.exists() else None
    assert present in (old, whole), done
    recovers(place, whole, flag)
    return False


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    made = Place(tmp_path_factory.mktemp("lost"))
    made.whole = made.make_whole()
    assert made.make_whole() == made.whole
    return made


@pytest.fixture(scope="module")
def counts(place) -> dict[str, int]:
    """How often an undisturbed run makes each call."""
    place.clean()
    done = place.run(env={**ENVIRONMENT, "LD_PRELOAD": str(SHIM), "FAULT_COUNTS": str(place.counts)})
    assert done.returncode == 0 and place.out.read_bytes() == place.whole
    return {call: calls_made(place.counts, call) for call in CALLS}


# ---- every call fails once ----


@pytest.mark.slow
@pytest.mark.verify
@pytest.mark.parametrize("call", ["sync", "rename", "close", "open", "truncate", "read", "fork"])
@pytest.mark.parametrize(("error", "lasting"), [(errno.EIO, False), (errno.ENOSPC, True)])
def test_every_call_may_fail(place, counts, call, error, lasting):
    assert counts[call] > 0
    outcomes = []
    for k in range(1, counts[call] + 1):
        place.clean()
        done = place.run(env=fault(call, k, error, EVER if lasting else None))
        outcomes.append(no_third_state(place, done, place.whole))
    assert not all(outcomes)
    if effort(False, True) or call in ("sync", "rename"):  # the same over an old file
        whole = place.make_whole("--force")
        for k in range(1, counts[call] + 1):
            place.clean()
            place.out.write_bytes(b"old")
            done = place.run("--force", env=fault(call, k, error, EVER if lasting else None))
            no_third_state(place, done, whole, "--force", b"old")


@pytest.mark.slow
@pytest.mark.verify
@pytest.mark.parametrize(
    ("error", "lasting"),
    [(errno.ENOSPC, True), (errno.EIO, False), (errno.EINTR, False), (0, False)],
    ids=["full", "error", "interrupted", "short"],
)
def test_every_write_may_fail(place, counts, error, lasting):
    """The first ten, in which the journal is written, and of those of HDF5 every tenth; in make verify every one."""
    some = sorted({*range(1, 11), *range(11, counts["write"] + 1, effort(10, 1)), counts["write"]})
    well = 0
    for k in some:
        place.clean()
        well += no_third_state(place, place.run(env=fault("write", k, error, EVER if lasting else None)), place.whole)
    # What is written by halves, or to be written once more, is no failure.
    assert well == (len(some) if error in (0, errno.EINTR) else 0)


@pytest.mark.slow
@pytest.mark.verify
def test_every_allocation_may_fail(place, counts):
    """A third of the first 400, before HDF5 begins, and every 2003rd of HDF5's; in make verify all and every 53rd.
    test_verify_faults has all of those of HDF5, in a file with fewer datasets."""
    early = random.Random(1).sample(range(1, 401), effort(133, 400))
    late = range(401 + effort(0, 7), counts["malloc"] + 1, effort(2003, 53))
    failed = 0
    for k in [*early, *late]:
        place.clean()
        failed += not no_third_state(place, place.run(env=fault("malloc", k, errno.ENOMEM)), place.whole)
    assert failed > len(late) // 2


@pytest.mark.slow
def test_every_call_may_fail_while_a_file_is_told(place):
    """The first 25 of each: the right words and nothing else, or one line that says why not."""
    place.make_whole()

    def info(env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        command = [str(PROGRAM), "info", "x.h5"]
        return subprocess.run(command, cwd=place.folder, env=env, capture_output=True, text=True, check=False)

    path = place.folder / "counts-of-info"
    right = info({**ENVIRONMENT, "LD_PRELOAD": str(SHIM), "FAULT_COUNTS": str(path)})
    assert right.returncode == 0 and "verified: the values have this digest" in right.stdout
    made = {call: calls_made(path, call) for call in CALLS}
    failed = []
    for call in ("fork", "open", "read", "malloc"):
        assert made[call] > 0
        for k in range(1, min(made[call], 25) + 1):
            done = info(fault(call, k, errno.ENOMEM if call == "malloc" else errno.EIO))
            if done.returncode == 0:
                assert (done.stdout, done.stderr) == (right.stdout, ""), (call, k)
            else:
                assert done.returncode in (1, 2), (call, k, done)
                failed.append(one_line(done))
    assert any("no process can be made" in line for line in failed)
    assert any("the process that reads it ended with status 1" in line for line in failed)
    assert any("out of memory" in line for line in failed)


# ---- kills ----


@contextmanager
def running(place: Place, **environment: str) -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen(
        place.command(),
        cwd=place.folder,
        env={**ENVIRONMENT, **environment},
        text=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        yield started
    finally:
        kill(started)


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Place:
    made = Place(tmp_path_factory.mktemp("many"), replicates=120, threads=2)
    made.whole = made.make_whole()
    made.clean()
    return made


# Every write takes 6 ms, so that there is time to be killed in: about 0.8 s of the journal, and 0.4 s of the file.
SLOWLY = slowed("write", 6)


@pytest.mark.slow
@pytest.mark.verify
def test_killed_at_random_moments(many):
    """Chains of kills, of which every other one falls into the writing of the file; in the end the bytes are right."""
    luck, kills, while_writing, chains = random.Random(2012), 0, 0, 0
    while kills < effort(20, 200):
        many.clean()
        before: list[int] = []
        for link in range(6):
            with running(many, **SLOWLY) as process:
                delay = luck.uniform(0, 0.8) if link % 2 == 0 else luck.uniform(0, 0.4)
                if link % 2 == 0 or wait_until(many.temporary.exists, process):
                    time.sleep(delay)
                if process.poll() is not None:
                    break
                ours = family(process.pid)
                victim = luck.choice(ours)
                try:
                    os.kill(victim, signal.SIGKILL)
                except ProcessLookupError:  # the writer has just ended
                    continue
                _, said = process.communicate(timeout=HANGS)
                wait_until(lambda ours=ours: not any(map(alive, ours)))
            if process.returncode == 0:
                break
            if victim == process.pid:
                assert process.returncode == -signal.SIGKILL
            else:
                assert process.returncode == 1 and len(said.splitlines()) == 1 and "signal 9 (Killed)" in said
            kills += 1
            while_writing += many.temporary.exists() or len(records(many)) == many.replicates
            after = records(many)
            assert after[: len(before)] == before  # nothing finished is lost,
            assert len(set(after)) == len(after)  # or done again
            assert not many.out.exists() or many.out.read_bytes() == many.whole
            before = after
        if not many.out.exists() or many.partial.exists():
            done = many.run()
            assert done.returncode == 0, done
        assert many.out.read_bytes() == many.whole
        assert not many.partial.exists() and not many.temporary.exists()
        chains += 1
    assert while_writing >= kills // 4
    print(f"{kills} kills in {chains} chains, {while_writing} of them while the file was written")


# ---- signals ----


def interrupt(process: subprocess.Popen[str], *signals: int) -> tuple[int, str, float]:
    """Status, words, and seconds since the first of the signals. Each follows when the one before has been taken, and
    late enough not to be mistaken for the same."""
    begun = time.monotonic()
    for i, number in enumerate(signals):
        if i > 0:
            wait_until(lambda: taken(process.pid, signals[0]))
            time.sleep(0.2)
        process.send_signal(number)
    _, said = process.communicate(timeout=HANGS)
    return process.returncode, said, time.monotonic() - begun


def stopped(
    many: Place, ready: Callable[[], bool], signals: list[int], limit: float, **environment: str
) -> tuple[int, str, float]:
    """How a run ends that is interrupted when it is `ready`. The machine may keep it waiting, so the quickest of up to
    five counts; a program that is too slow is so every time."""
    for _ in range(5):
        many.clean()
        many.counts.unlink(missing_ok=True)
        with running(many, **environment) as process:
            assert wait_until(ready, process)
            code, said, seconds = interrupt(process, *signals)
        if seconds < limit:
            break
    return code, said, seconds


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("writing", [False, True], ids=["simulating", "writing"])
def test_stops_when_asked(many, sent, status, writing):
    """Writes take long from the third record on, or when the journal has them all, so that seconds are left."""
    ready = many.temporary.exists if writing else lambda: len(records(many)) > 2
    slowly = slowed("write", 50, 130 if writing else 4)
    code, said, seconds = stopped(many, ready, [sent], PATIENCE, **slowly)
    assert (code, seconds < PATIENCE) == (status, True), (code, seconds, said)
    count = len(records(many))
    assert said == (
        f"enforcesim: interrupted; {count} of 120 replicates are in x.h5.partial: "
        "the same command with --resume goes on\n"
    )
    assert (count == 120) == writing and not many.out.exists() and not many.temporary.exists()
    assert many.run().returncode == 0 and many.out.read_bytes() == many.whole


@pytest.mark.slow
@pytest.mark.parametrize("call", ["write", "sync"])
@pytest.mark.parametrize("twice", [False, True], ids=["once", "twice"])
def test_stops_while_the_disk_hangs(many, call, twice):
    """A disk keeps every call waiting: two seconds are kept all the same; a second signal ends at once."""
    at, limit = 5 if call == "write" else 1, 1 if twice else 2

    def hangs() -> bool:
        return calls_made(many.counts, call) >= at

    signals = [signal.SIGTERM, signal.SIGTERM] if twice else [signal.SIGTERM]
    code, said, seconds = stopped(many, hangs, signals, limit, **held(call, at, FAULT_COUNTS=many.counts))
    assert code == 143 and seconds < limit, (code, seconds, said)
    assert len(said.splitlines()) <= 1
    many.temporary.unlink(missing_ok=True)
    assert many.run().returncode == 0 and many.out.read_bytes() == many.whole


def test_nohup_is_respected(many):
    many.clean()
    command = ["nohup", *many.command()]
    with subprocess.Popen(
        command, cwd=many.folder, env=ENVIRONMENT | SLOWLY, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    ) as process:
        assert wait_until(lambda: len(records(many)) > 2, process)
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=HANGS)
    assert process.returncode == 0 and many.out.read_bytes() == many.whole


def test_a_first_process_in_a_namespace_of_its_own(many):
    """There the child's parent has no number; the program is not to take that for its end."""
    command = ["unshare", "--pid"]
    if subprocess.run([*command, "true"], capture_output=True).returncode != 0:
        pytest.skip("no namespaces can be made here")
    done = subprocess.run([*command, PROGRAM, "--version"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("enforcesim ")


# ---- who may go on ----


def test_another_run_is_refused(many):
    """One clear line and status 2, and the journal stays as it was; more threads are no other run."""
    many.clean()
    with running(many, **held("write", 20)) as process:
        assert wait_until(lambda: len(records(many)) > 5, process)
        second = many.run()  # while the first is at work
        assert second.returncode == 2 and "another run is writing this file" in one_line(second)
    left = many.partial.read_bytes()
    for options, words in [
        (["--seed", "6"], "seed 5, not 6"),
        (["-r", "121"], "120 replicates, not 121"),
        (["--set", "parameters.health.backlash_own=0.5"], "other settings"),
        (["--days", "31"], "other settings"),
    ]:
        done = subprocess.run(
            [*many.command(), *options], cwd=many.folder, env=ENVIRONMENT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2 and words in one_line(done), done
        assert many.partial.read_bytes() == left
    plain = subprocess.run(many.command()[:-1], cwd=many.folder, capture_output=True, text=True, check=False)
    assert plain.returncode == 2 and "--resume" in one_line(plain)
    many.threads = 3
    done = many.run()
    many.threads = 2
    assert done.returncode == 0
    again = many.run()
    assert again.returncode == 2 and "is there already" in one_line(again)


# ---- disks and memory ----


def mounted(folder: Path, options: str) -> bool:
    return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True).returncode == 0


@pytest.mark.slow
def test_full_disk(place, tmp_path):
    """Twenty sizes, from next to nothing to what holds all; the program is told that there is room, or it would not
    begin. Where no file system can be mounted, files are limited to these sizes instead."""
    size = len(place.whole)
    disk = tmp_path / "disk"
    disk.mkdir()
    small = Place(disk)
    failed = 0
    for step in range(20):
        room = 4096 * max(2, round(step / 18 * size * 1.2 / 4096))
        limit = (
            None
            if mounted(disk, f"size={room}")
            else lambda room=room: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        )
        try:
            (disk / "tiny.cfg").write_text(TINY)
            done = small.run(env=fault("write", 0, FAULT_ROOM=1), preexec_fn=limit)
            if limit is None and done.returncode != 0:
                assert "No space left on device" in done.stderr, done
                subprocess.run(["mount", "-o", f"remount,size={4 * size}", disk], check=True)
            small.resumed.clear()
            failed += not no_third_state(small, done, place.whole)
        finally:
            if limit is None:
                subprocess.run(["umount", disk], check=True)
            else:
                small.clean()
    assert 10 <= failed < 20


def test_too_small_a_disk_is_refused(place, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if not mounted(disk, "size=64k"):
        pytest.skip("no file system can be mounted here; test_full_disk limits files instead")
    try:
        (disk / "tiny.cfg").write_text(TINY)
        done = Place(disk).run()
        assert done.returncode == 2 and "not enough room on the disk" in one_line(done)
        assert sorted(path.name for path in disk.iterdir()) == ["tiny.cfg"]
    finally:
        subprocess.run(["umount", disk], check=True)


def test_read_only_folder(tmp_path):
    """A file system mounted read-only, which binds root as well; elsewhere a folder that may not be written to."""
    disk = tmp_path / "disk"
    disk.mkdir()
    is_mounted = mounted(disk, "size=4m")
    try:
        there = Place(disk)
        if is_mounted:
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        elif os.geteuid() == 0:
            pytest.skip("root without mount(2): nothing is read-only for it; test_cli tries it as nobody")
        else:
            disk.chmod(0o555)
        done = there.run()
        assert done.returncode == 2 and "cannot be written" in one_line(done), done
        assert sorted(path.name for path in disk.iterdir()) == ["tiny.cfg"]
    finally:
        disk.chmod(0o755) if not is_mounted else subprocess.run(["umount", disk], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 4])
def test_too_little_memory(place, tmp_path, threads):
    """Address spaces (ulimit -v) of twenty sizes. In the smallest the loader and the libraries that it starts give up
    before the program begins, in their own words."""
    there = Place(tmp_path, threads=threads)
    whole = there.make_whole()
    codes = []
    for megabytes in range(6, 46, 2):
        there.clean()
        room = megabytes << 20
        done = there.run(preexec_fn=lambda room=room: resource.setrlimit(resource.RLIMIT_AS, (room, room)))
        codes.append(done.returncode)
        if done.returncode in (1, 127) and "enforcesim: " not in done.stderr.replace(f"{PROGRAM}: ", ""):
            assert done.stderr.strip() and not there.partial.exists() and not there.out.exists()
        else:
            no_third_state(there, done, whole)
    assert 1 in codes and codes == sorted(codes, key=lambda code: [127, 2, 1, 0].index(code))


def test_nobody_listens(place):
    """stdout and stderr closed, or pipes without a reader, are no reason to lose a run."""
    place.clean()
    reader, writer = os.pipe()
    os.close(reader)
    command = [argument for argument in place.command() if argument != "--quiet"]
    done = subprocess.run(
        [*command, "--progress", "always"], cwd=place.folder, env=ENVIRONMENT, stdout=writer, stderr=writer, check=False
    )
    os.close(writer)
    assert done.returncode == 0 and place.out.exists() and not place.partial.exists()
    place.clean()
    shell = shutil.which("sh")
    assert shell
    done = subprocess.run(
        [shell, "-c", 'exec "$@" >&- 2>&-', "sh", *place.command()], cwd=place.folder, env=ENVIRONMENT, check=False
    )
    assert done.returncode == 0 and place.out.read_bytes() == place.whole
