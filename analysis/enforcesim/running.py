"""Running a study inside this process: `es.run` and what it needs of the library."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from . import files, library
from .files import EnforceSimError
from .library import ffi

#: Seconds between two looks at a run, and those it has to end in after an interruption.
MOMENT, PATIENCE = 0.05, 1.5
#: What a design is called in messages that is in no file.
DESIGN = "design"


class EnforceSimWarning(UserWarning):
    """What the program would say on stderr of a run that has come to its end, such as a burn-in that is too short."""


@dataclass(frozen=True)
class Progress:
    """How far a run is: `done` of `total` replicates (of all points), `person_days` simulated in `seconds`."""

    done: int
    total: int
    person_days: int
    seconds: float

    def __str__(self) -> str:
        rate = self.person_days / self.seconds / 1e6 if self.seconds > 0 else 0.0
        left = f", {self.seconds / self.done * (self.total - self.done):.0f} s left" if self.done else ""
        return f"{self.done} of {self.total} replicates, {rate:.0f} M person-days/s{left}"


def run(
    config: str | os.PathLike[str],
    replicates: int | None = None,
    set: Mapping[str, object] | None = None,
    scenarios: str | Iterable[str] | None = None,
    seed: int | None = None,
    days: int | None = None,
    threads: int | None = None,
    design: str | os.PathLike[str] | pd.DataFrame | Mapping[str, Any] | None = None,
    progress: bool | Callable[[Progress], object] | None = None,
) -> xr.Dataset:
    """Run a study inside this process, on all cores, and return its results; no file is written.

    Parameters
    ----------
    config
        Path of a scenario file.
    replicates, seed, days, threads
        As `enforcesim run -r, --seed, --days, -j`; None: as the file says, and all cores. The numbers do not depend
        on `threads`.
    set
        Settings by their path in the scenario file, as in `{"parameters.police.leak": 0.1}` or
        `{"run.output": "summary", "run.metrics": ["minor_days", "fear"]}`; see `params()` for the paths.
    scenarios
        Name or names of the scenarios to run; None: all of the file.
    design
        Points at which every scenario is run: the path of a CSV file, a DataFrame with one column for each parameter
        and one row for each point, or a mapping of parameters to their values, shape (point,). Line 1 of it is the
        header: messages about the first point say `design:2`.
    progress
        True shows a line on stderr, as the program does on a terminal; a function is called with a `Progress` some
        ten times a second, by the thread that called `run`. None, the default, and False say nothing, on a terminal
        and in a notebook alike.

    Returns
    -------
    xarray.Dataset
        In memory, and value for value what `open` finds in the results file of the same command line, digest
        included: series (scenario, replicate, time) under their names, `summary.NAME` (scenario, replicate), with a
        design a leading dimension `point` and `design.PATH` (point). Units stand in each variable's `attrs`.

    Raises
    ------
    EnforceSimError
        With the words of the program where it would refuse the study, or fail.
    KeyboardInterrupt
        On Ctrl-C, within two seconds; nothing is left behind, and the next run is as if there had been none.

    Warns
    -----
    EnforceSimWarning
        Where a burn-in is too short, or some points of a design could not be run: their values are NaN and
        `design.problem` (point) says why.

    Any number of threads may run studies side by side. What HDF5 does is done by one at a time.
    """
    tell = _reporter(progress)
    job = _Job(_request(config, replicates, set, scenarios, seed, days, threads, design))
    try:
        said = job.run(tell)
    finally:
        if tell is _show:
            _wipe()
    for line in said:
        warnings.warn(line.removeprefix("warning: "), EnforceSimWarning, stacklevel=2)
    return files.from_image(job.take_image())


# ---- what is asked for ----


@dataclass
class _Request:
    """The arguments as the program's command line has them; `settings` are (PATH=VALUE, how a message calls it)."""

    config: str
    settings: list[tuple[str, str]] = field(default_factory=list)
    scenarios: list[str] = field(default_factory=list)
    threads: str | None = None
    design: str | None = None
    design_text: str | None = None
    history: list[str] = field(default_factory=list)


def _request(
    config: object,
    replicates: object,
    set: object,
    scenarios: object,
    seed: object,
    days: object,
    threads: object,
    design: object,
) -> _Request:
    asked = _Request(_path("config", config))
    asked.history = ["enforcesim", "run", asked.config]
    options = (("-r", "run.replicates", replicates), ("--seed", "run.seed", seed), ("--days", "run.horizon", days))
    for option, path, value in options:
        if value is not None:
            word = _word(option, value)
            asked.settings.append((f"{path}={word}", f"{option} {word}"))
            asked.history += [option, word]
    if threads is not None:
        asked.threads = _word("-j", threads)
        asked.history += ["-j", asked.threads]
    for name in _names(scenarios):
        asked.scenarios.append(name)
        asked.history += ["--scenario", name]
    if set is not None and not isinstance(set, Mapping):
        raise EnforceSimError(f"set is of type {type(set).__name__}; allowed: a mapping of paths to values")
    for name, value in (set or {}).items():
        setting = f"{name}={_word(f'--set {name}', value)}"
        asked.settings.append((setting, f"--set {setting}"))
        asked.history += ["--set", setting]
    if design is not None:
        asked.design, asked.design_text = _design(design)
        asked.history += ["--design", f"{DESIGN}.csv" if asked.design_text is not None else asked.design]
    return asked


def _path(what: str, value: object) -> str:
    try:
        return os.fsdecode(value)  # type: ignore[arg-type]
    except TypeError:
        raise EnforceSimError(f"{what} is of type {type(value).__name__}; allowed: the path of a file") from None


def _names(scenarios: object) -> list[str]:
    if scenarios is None:
        return []
    named = (
        [scenarios]
        if isinstance(scenarios, str)
        else list(scenarios)
        if isinstance(scenarios, Iterable)
        else [scenarios]
    )
    if not all(isinstance(n, str) for n in named):
        raise EnforceSimError("scenarios are no names; allowed: a name, or a list of them")
    return [str(n) for n in named]


def _word(option: str, value: object) -> str:
    """A value as the command line has it. Whole numbers that a sampler has made real ones are whole again."""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)).lower()
    if isinstance(value, str):
        return value
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        return str(int(value)) if float(value).is_integer() and abs(value) < 2**53 else str(value)
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return _word(option, value.item())
    if isinstance(value, (Sequence, np.ndarray, pd.Series, pd.Index)) and not isinstance(value, bytes):
        return ",".join(_word(option, v) for v in value)
    raise EnforceSimError(
        f"{option} is of type {type(value).__name__}; allowed: a number, True or False, a word, or a list of words"
    )


def _design(design: object) -> tuple[str, str | None]:
    """Name and text of a design; no text where it is in a file."""
    if isinstance(design, Mapping):
        try:
            design = pd.DataFrame({name: np.atleast_1d(np.asarray(values)) for name, values in design.items()})
        except ValueError as reason:
            raise EnforceSimError(
                f"{DESIGN}: {files.text(reason)}; allowed: as many values for each parameter"
            ) from reason
    if not isinstance(design, pd.DataFrame):
        return _path("design", design), None
    return DESIGN, design.to_csv(index=False, lineterminator="\n")


# ---- the run itself ----


class _Job:
    """One study in the library. It has a thread of its own, so that the caller's can be interrupted.

    A new one each time: OpenMP's threads belong to the one that started them, and a child of a fork, which has none
    of its parent's threads, would wait for them for ever.
    """

    def __init__(self, asked: _Request) -> None:
        self.library = library.load()
        self.kept: list[Any] = []
        self.error = ffi.new(library.ERROR)
        self.study = ffi.gc(self._begin(asked), self.library.end)
        self.image: bytes | None = None
        self.failure: BaseException | None = None
        self.stopped = False

    def _text(self, text: str) -> Any:
        encoded = text.encode("utf-8", "surrogateescape")
        if b"\0" in encoded:
            raise EnforceSimError(f"{files.text(text)[:100]}: has a zero byte, which no text may have")
        self.kept.append(ffi.new(library.TEXT, encoded))
        return self.kept[-1]

    def _texts(self, texts: Sequence[str]) -> Any:
        self.kept.append(ffi.new(library.TEXTS, [self._text(t) for t in texts] or 1))
        return self.kept[-1]

    def _begin(self, asked: _Request) -> Any:
        request = ffi.new(library.REQUEST)
        request.config = self._text(asked.config)
        request.set = self._texts([setting for setting, _ in asked.settings])
        request.said = self._texts([said for _, said in asked.settings])
        request.n_set = len(asked.settings)
        request.scenarios = self._texts(asked.scenarios)
        request.n_scenarios = len(asked.scenarios)
        for name in ("threads", "design", "design_text"):
            value = getattr(asked, name)
            setattr(request, name, ffi.NULL if value is None else self._text(value))
        request.history = self._text(shlex.join(asked.history))
        study = self.library.begin(request, self.error)
        if study == ffi.NULL:
            library.raise_if(self.error)
        return study

    def _work(self) -> None:
        """What the job's own thread does."""
        try:
            if self.library.run(self.study, self.error) != 0:
                return
            with library.guard:
                if self.stopped:
                    return
                size = ffi.new(library.SIZE)
                image = self.library.results(self.study, size, self.error)
            if image != ffi.NULL:
                self.image = bytes(ffi.buffer(image, size[0]))
                self.library.free(image)
        except BaseException as reason:  # memory, most likely; it is the caller's to hear
            self.failure = reason

    def run(self, tell: Callable[[Progress], object] | None) -> list[str]:
        """To the end, or to what interrupts it; returns the warnings."""
        worker = threading.Thread(target=self._work, name="enforcesim")
        begun = time.monotonic()
        try:
            try:
                worker.start()
            except RuntimeError as reason:
                raise EnforceSimError(f"no thread can be started: {files.text(reason)}") from reason
            while worker.is_alive():
                worker.join(MOMENT)
                if tell is not None:
                    tell(self._progress(time.monotonic() - begun))
        except BaseException:
            self.stopped = True
            self.library.stop(self.study)
            if worker.ident is not None:
                worker.join(PATIENCE)  # it ends by itself, and holds what it needs until then
            raise
        if self.failure is not None:
            raise self.failure
        library.raise_if(self.error)
        return ffi.string(self.library.warnings(self.study)).decode("utf-8", "replace").splitlines()

    def _progress(self, seconds: float) -> Progress:
        latest = ffi.new(library.PROGRESS)
        self.library.progress(self.study, latest)
        return Progress(latest.done, latest.units, latest.person_days, seconds)

    def take_image(self) -> bytes:
        """The results file. Gives back what the study holds."""
        image, self.image = self.image, None
        ffi.release(self.study)
        if image is None:
            raise EnforceSimError("the results could not be made")
        return image


# ---- progress ----


def _reporter(progress: object) -> Callable[[Progress], object] | None:
    if progress is None or progress is False:
        return None
    if progress is True:
        return _show
    if callable(progress):
        return progress
    raise EnforceSimError(f"progress is of type {type(progress).__name__}; allowed: True, False, None or a function")


#: Columns of the progress line.
WIDTH = 78


def _show(latest: Progress) -> None:
    """One line on stderr that is written over."""
    _write(f"\r{latest!s:<{WIDTH}}")


def _wipe() -> None:
    _write("\r" + " " * WIDTH + "\r")


def _write(text: str) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):  # a stderr that is closed, or none
        sys.stderr.write(text)
        sys.stderr.flush()
