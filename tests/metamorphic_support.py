"""Studies of a small city for tests that compare one run of the program with another."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import h5py
import numpy as np
from conftest import PROGRAM, ROOT

POLICIES = "status_quo", "sweeps", "professional_rescue", "no_police"
BURN_IN, HORIZON = 120, 240
# The world of the relations: a small city where much happens in a short time.
WORLD: dict[str, object] = {
    "region.venues": 24,
    "region.districts": 2,
    "region.traffickers": 10,
    "region.officers_per_district": 10,
    "police.case_days": 10,
    "police.intel_rate": 0.1,
    "court.trial_days": 60,
    "care.care_days": 60,
    "care.risk_days": 60,
    "police.exposure": 0.3,
    "persons.infection_rate": 0.001,
    "survey.survey_venues": 20,
    "survey.survey_every": 60,
}


def written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, str) else repr(value)


def groups(parameters: dict[str, object]) -> str:
    """`GROUP.NAME: value` as the text of a file."""
    found: dict[str, list[str]] = {}
    for path, value in parameters.items():
        group, name = path.split(".")
        found.setdefault(group, []).append(f"{name} = {written(value)};")
    return " ".join(f"{group} : {{ {' '.join(rows)} }};" for group, rows in found.items())


def scenario(name: str, policy: str | None = None, phases: Iterable[tuple[int, str]] = ()) -> str:
    later = ", ".join(f'{{ day = {day}; policy = "{policy}"; }}' for day, policy in phases)
    return f'{{ name = "{name}"; policy = "{policy or name}";' + (f" phases = ( {later} );" if later else "") + " }"


def policy(name: str, inherits: str, **levers: object) -> str:
    rows = " ".join(f"{lever} = {written(value)};" for lever, value in levers.items())
    return f'{name} : {{ inherits = "{inherits}"; {rows} }};'


class Results:
    """All numbers of a results file: series (scenario, replicate, time), and summaries (scenario, replicate)."""

    def __init__(self, path: Path) -> None:
        self._file = h5py.File(path)
        self._known: dict[str, np.ndarray] = {}
        names = self._read("scenario")
        self.scenarios = [name.decode() if isinstance(name, bytes) else name for name in names]
        self.time = self._read("time")
        self.metrics = sorted(set(self._file["summary"]) - {"scenario", "replicate", "time"})

    def _read(self, name: str) -> np.ndarray:
        if name not in self._known:
            self._known[name] = self._file[name][:]
        return self._known[name]

    def row(self, scenario: str | None) -> int:
        return 0 if scenario is None else self.scenarios.index(scenario)

    def everything(self, metric: str) -> np.ndarray:
        return self._read(metric)

    def series(self, metric: str, scenario: str | None = None) -> np.ndarray:
        return self.everything(metric)[self.row(scenario)]

    def total(self, metric: str, scenario: str | None = None) -> np.ndarray:
        """Of a flow its sum over the horizon, of others their mean at its end; one for each replicate."""
        return self._read(f"summary/{metric}")[self.row(scenario)]


class Studies:
    """Runs studies of the world above, each only once."""

    def __init__(self, folder: Path, program: Path = PROGRAM) -> None:
        self.folder, self.program, self.known = folder, program, {}
        (folder / "policies.cfg").write_bytes((ROOT / "configs" / "policies.cfg").read_bytes())

    def text(
        self,
        scenarios: Iterable[str] = tuple(map(scenario, POLICIES)),
        parameters: dict[str, object] | None = None,
        policies: str = "",
        **run: object,
    ) -> str:
        settings = {"name": "small", "seed": 11, "replicates": 3, "burn_in": BURN_IN, "horizon": HORIZON}
        settings |= {"record_every": 30} | run
        return (
            '@include "policies.cfg"\n'
            f"run = {{ {' '.join(f'{key} = {written(value)};' for key, value in settings.items())} }};\n"
            f"parameters : {{ {groups(WORLD | (parameters or {}))} }};\n"
            f"own_policies : {{ {policies} }};\n"
            f"scenarios = ( {', '.join(scenarios)} );\n"
        )

    def run_text(self, text: str, *arguments: object) -> Results:
        key = (text, *map(str, arguments))
        if key not in self.known:
            name = f"s{len(self.known)}"
            config, out = self.folder / f"{name}.cfg", self.folder / f"{name}.h5"
            config.write_text(text)
            command = [self.program, "run", config, "-o", out, "--quiet", *map(str, arguments)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            self.known[key] = Results(out)
            out.unlink()
        return self.known[key]

    def run(self, *arguments: object, **settings: object) -> Results:
        return self.run_text(self.text(**settings), *arguments)


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal numbers of equal shape; undefined equals undefined."""
    return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=True))


def differing(
    a: Results,
    b: Results,
    of: str | None = None,
    with_: str | None = None,
    pick: Callable[[np.ndarray], np.ndarray] = lambda values: values,
) -> set[str]:
    """Metrics in which scenario `of` of one run differs from `with_` of another; without names: in any scenario."""
    found = set()
    for metric in a.metrics:
        if of is None:
            equal = a.scenarios == b.scenarios and same(a.everything(metric), b.everything(metric))
            equal = equal and all(same(a.total(metric, name), b.total(metric, name)) for name in a.scenarios)
        else:
            equal = same(pick(a.series(metric, of)), pick(b.series(metric, with_ or of)))
        if not equal:
            found.add(metric)
    return found


# ---- programs that differ in a file or two ----


def variant(folder: Path, changed: dict[str, str], *flags: str) -> Path:
    """The program with these files (path in the project: text) compiled so, all else taken from the build."""
    build = PROGRAM.parent
    compiler = [flag for flag in (build / "flags").read_text().split() if flag not in ("-MMD", "-MP")] + [*flags]
    pkg_config = [
        subprocess.run(["pkg-config", option, "hdf5-serial"], capture_output=True, text=True, check=True).stdout.split()
        for option in ("--cflags", "--libs-only-L")
    ]
    objects = {
        path.relative_to(build).with_suffix(""): path
        for path in build.glob("*/*.o")
        if path.parent.name in ("sim", "models") and not path.name.startswith("ranks_mpi")
    }
    for name, text in changed.items():
        source, made = folder / Path(name).name, (folder / Path(name).name).with_suffix(".o")
        source.write_text(text)
        command = [*compiler, *pkg_config[0], f"-I{ROOT}", "-c", source, "-o", made]
        subprocess.run(command, check=True, cwd=ROOT)
        objects[Path(name).with_suffix("")] = made
    links = ["-fopenmp", "-lhdf5_hl", "-lhdf5", "-lconfig", "-lnettle", "-lz", "-lm"]
    command = [*compiler, *objects.values(), "-o", folder / "enforcesim", *pkg_config[1], *links]
    subprocess.run(command, check=True, cwd=ROOT)
    return folder / "enforcesim"


EXTRA = """
#include "models/world.h"
#include "models/submodels.h"
#define PARAMETERS(P) P(real, glance, 0.5, 0, 1, "1", uncertain, "chance of a glance at a venue", "a test")
#define METRICS(M) M(flow, glances, "glances", "glances at venues")
DECLARE_PARAMETERS(PARAMETERS)
DECLARE_METRICS(METRICS)
static void step(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    struct city *c = &w->city[part];
    const struct parameters *p = parameters;
    struct metrics *m = metrics;
    for (uint32_t v = 0; v < c->venues; v++) m->glances += luck_uniform(&c->luck, DRAW_PURPOSES, v, 0) < p->glance;
}
extern const struct submodel submodel_extra;
const struct submodel submodel_extra = {
    .name = "extra",
    .purpose = "a sub-model that only looks",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct parameters),
    .metrics = metric_rows,
    .metrics_size = sizeof(struct metrics),
    .step = step,
};
"""


def with_another_submodel(folder: Path) -> Path:
    """A sub-model added in the middle of the day, as README says."""
    model = (ROOT / "models" / "model.c").read_text()
    model, rows = re.subn(r"^(\s*&submodel_violence,.*)$", r"    &submodel_extra,\n\1", model, flags=re.MULTILINE)
    assert rows == 1
    model = f'#include "sim/model.h"\nextern const struct submodel submodel_extra;\n{model}'
    return variant(folder, {"models/model.c": model, "models/extra.c": EXTRA})


def that_verifies_every_day(folder: Path, changed: dict[str, str] | None = None) -> Path:
    """What DEBUG=1 builds: the files that look at ENFORCESIM_DEBUG, or at DEBUGGING of sim/random.h."""
    names = ["sim/running_core.c", *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "models").glob("*.c")))]
    return variant(folder, {name: (ROOT / name).read_text() for name in names} | (changed or {}), "-DENFORCESIM_DEBUG")
