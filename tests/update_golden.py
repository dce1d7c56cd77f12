"""Golden results: what small studies gave when the model's version was last raised, and the only way to renew them.

    python tests/update_golden.py            renew tests/golden/*.json (what `make golden` does)

A stored result may change only together with the model's version (models/model.c) and a line for that version in
CHANGELOG.md. A new study (a new tests/golden/NAME.cfg) and a new metric are no change.

What is stored: of every metric a digest over all its values, and of some metrics, for readers of a diff, the total of
each replicate. The bits are the same on every machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"
CHANGELOG = ROOT / "CHANGELOG.md"
PROGRAM = Path(os.environ.get("ENFORCESIM", ROOT / os.environ.get("BUILD", "build") / "enforcesim"))
HEADLINE = (
    "minor_days",
    "coerced_days",
    "minors_recruited",
    "minors_rescued",
    "owners_arrested",
    "convictions",
    "violence_police",
    "adult_detentions",
    "adult_days_lost",
    "outreach_denied",
    "infections",
    "cost_police",
)


class Refusal(Exception):
    """Why goldens are not renewed."""


@dataclass
class Result:
    """What one study gave."""

    model_version: str
    scenarios: list[str]
    digests: dict[str, str]
    totals: dict[str, dict[str, list[float]]]

    def text(self) -> str:
        """JSON in which a line of a diff is a metric's digest, or its totals in one scenario."""

        def rows(indent: str, entries: dict[str, str]) -> str:
            return (
                "{\n" + ",\n".join(f'{indent}  "{name}": {value}' for name, value in entries.items()) + f"\n{indent}}}"
            )

        totals = {
            metric: rows("    ", {name: json.dumps(values) for name, values in scenarios.items()})
            for metric, scenarios in self.totals.items()
        }
        digests = {metric: json.dumps(value) for metric, value in self.digests.items()}
        top = {
            "model_version": json.dumps(self.model_version),
            "scenarios": json.dumps(self.scenarios),
            "totals": rows("  ", totals),
            "digests": rows("  ", digests),
        }
        return rows("", top) + "\n"

    @staticmethod
    def read(text: str) -> Result:
        content = json.loads(text)
        content.pop("platform", None)  # in results until version 4 of the model
        return Result(**content)


def text(stored: bytes | str) -> str:
    return stored.decode() if isinstance(stored, bytes) else stored


def digest(series: np.ndarray, summary: np.ndarray) -> str:
    """Of values alone, as little-endian doubles; undefined is one value, whatever its bits."""
    sha = hashlib.sha256()
    for values in (series, summary):
        values = np.asarray(values, dtype="<f8").copy()
        values[np.isnan(values)] = np.nan
        sha.update(values.tobytes())
    return sha.hexdigest()[:16]


def run(config: Path, out: Path, program: Path = PROGRAM) -> Path:
    """Runs a study of tests/golden, its policies beside it."""
    with tempfile.TemporaryDirectory() as name:
        here = Path(name) / config.name
        here.write_bytes(config.read_bytes())
        (here.parent / "policies.cfg").write_bytes((ROOT / "configs" / "policies.cfg").read_bytes())
        command = [program, "run", here, "-o", out, "--quiet"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Refusal(f"{config.name} does not run: {done.stderr.strip()}")
    return out


def read(out: Path) -> Result:
    """What is compared of a results file."""
    with h5py.File(out) as file:
        scenarios = [text(name) for name in file["scenario"][:]]
        return Result(
            model_version=text(file.attrs["model_version"]),
            scenarios=scenarios,
            digests={name: digest(file[name][:], file["summary"][name][:]) for name in metrics_of(file)},
            totals={
                name: {scenario: file["summary"][name][row].tolist() for row, scenario in enumerate(scenarios)}
                for name in HEADLINE
            },
        )


def metrics_of(file: h5py.File) -> list[str]:
    return sorted(name for name in file["summary"] if name in file and file[name].ndim == 3)


def measure(config: Path, program: Path = PROGRAM) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        return read(run(config, Path(folder) / "golden.h5", program))


def compare(stored: Result, now: Result) -> list[str]:
    """Metrics whose numbers are not those stored, one line each; a metric that is new is no difference."""
    found = [] if stored.scenarios == now.scenarios else ["the scenarios are others"]
    for metric, value in stored.digests.items():
        if metric not in now.digests:
            found.append(f"{metric} is gone")
        elif now.digests[metric] != value:
            before, after = stored.totals.get(metric), now.totals.get(metric)
            found.append(metric + (f": {before} became {after}" if before != after else ""))
    return found


def changelog_versions(text: str) -> list[int]:
    """Versions of the model that have a line saying what changed, newest first."""
    return [int(version) for version in re.findall(r"^- \*\*Model version (\d+):\*\* \S.*", text, flags=re.MULTILINE)]


def first_stored(path: Path, version: str) -> Result | None:
    """The results that the repository's history first gives for this version of the model; None without history."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(path.parent), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    for commit in git("log", "--reverse", "--format=%H", "--", path.name).split():
        content = git("show", f"{commit}:./{path.name}")
        if content and (stored := Result.read(content)).model_version == version:
            return stored
    return None


def update(golden: Path, changelog: Path, program: Path = PROGRAM) -> list[str]:
    """Renews what may be renewed, all or nothing. Returns what was done."""
    done, writes = [], {}
    versions = changelog_versions(changelog.read_text(encoding="utf-8"))
    for config in sorted(golden.glob("*.cfg")):
        now, path = measure(config, program), config.with_suffix(".json")
        if int(now.model_version) != max(versions, default=0):
            raise Refusal(
                f"CHANGELOG.md has no newest line '- **Model version {now.model_version}:** what changed'; write it"
            )
        stored = Result.read(path.read_text(encoding="utf-8")) if path.exists() else None
        changed = [] if stored is None else compare(stored, now)
        if changed and int(now.model_version) <= int(stored.model_version):
            raise Refusal(
                f"results of {config.name} changed ({len(changed)} metrics, first {changed[0]}), but the model's "
                f"version is still {now.model_version}: raise .version in models/model.c, add its line to CHANGELOG.md"
            )
        if stored is None or now.text() != path.read_text(encoding="utf-8"):
            writes[path] = now.text()
            done.append(f"{path.name}: {'new' if stored is None else f'{len(changed)} metrics changed'}")
    for path, text in writes.items():
        path.write_text(text, encoding="utf-8")
    return done


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--golden", type=Path, default=GOLDEN, help="folder of the studies and their results")
    parser.add_argument("--changelog", type=Path, default=CHANGELOG)
    options = parser.parse_args()
    try:
        done = update(options.golden, options.changelog)
    except Refusal as refusal:
        print(f"refused: {refusal}", file=sys.stderr)
        return 1
    print("\n".join(done) or "every result is as stored; nothing to renew")
    return 0


if __name__ == "__main__":
    sys.exit(main())
