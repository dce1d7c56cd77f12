"""Results change only together with the model's version and a line in CHANGELOG.md; see update_golden.py."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import PROGRAM, ROOT
from update_golden import (
    CHANGELOG,
    GOLDEN,
    Refusal,
    Result,
    changelog_versions,
    compare,
    digest,
    first_stored,
    measure,
    metrics_of,
    read,
    run,
    update,
)

STUDIES = sorted(path.stem for path in GOLDEN.glob("*.cfg"))
ADVICE = (
    "Either this change of results was not meant: find the mistake. Or it was: raise .version in models/model.c, "
    "add its line to CHANGELOG.md, run `make golden`, and commit all of it together."
)


def stored(name: str) -> Result:
    return Result.read((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("golden")
    return {name: run(GOLDEN / f"{name}.cfg", folder / f"{name}.h5") for name in STUDIES}


@pytest.fixture(scope="module")
def measured(files) -> dict[str, Result]:
    return {name: read(path) for name, path in files.items()}


# ---- the rule, applied to this working tree ----


def test_every_study_has_its_results():
    assert len(STUDIES) >= 4
    assert sorted(path.stem for path in GOLDEN.glob("*.json")) == STUDIES


@pytest.mark.parametrize("name", STUDIES)
def test_results_are_those_stored(name, measured):
    now, before = measured[name], stored(name)
    different = compare(before, now)
    assert not different, f"{name}: {len(different)} differ:\n" + "\n".join(different[:20]) + f"\n{ADVICE}"
    assert now.model_version == before.model_version, f"the model's version was raised: run `make golden`. {ADVICE}"
    assert now.digests.keys() == before.digests.keys(), "there are new metrics: run `make golden`"


@pytest.mark.parametrize("name", STUDIES)
def test_history_has_one_result_for_each_version(name):
    """Nobody rewrites a stored result by hand: it is what was first committed for its version of the model."""
    now = stored(name)
    before = first_stored(GOLDEN / f"{name}.json", now.model_version)
    if before is None:
        pytest.skip("not in a repository's history")
    different = compare(before, now)
    assert not different, f"{name}.json: {different[:20]}\n{ADVICE}"


def test_changelog_tells_every_version_of_the_model(measured):
    versions = changelog_versions(CHANGELOG.read_text(encoding="utf-8"))
    current = int(next(iter(measured.values())).model_version)
    assert versions == list(range(current, 0, -1)), f"CHANGELOG.md tells versions {versions}; the model's is {current}"


def test_changelog_tells_the_version_of_the_program():
    version = re.search(r"^VERSION\s*:= (\S+)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE).group(1)
    headings = re.findall(r"^## \[(\S+)\]", CHANGELOG.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert next(heading for heading in headings if heading != "Unreleased") == version


def test_the_studies_reach_every_metric(files):
    """A rule that never acts in a golden study could change unseen."""
    silent = None
    for path in files.values():
        with h5py.File(path) as file:
            here = {name for name in metrics_of(file) if not np.nan_to_num(file[name][:]).any()}
            silent = here if silent is None else silent & here
    assert not silent


# ---- every way around it, tried on a copy ----


@pytest.fixture
def copy(tmp_path) -> tuple[Path, Path]:
    """A folder with one study and its results, and a changelog."""
    golden, changelog = tmp_path / "golden", tmp_path / "CHANGELOG.md"
    golden.mkdir()
    for suffix in ("cfg", "json"):
        (golden / f"essay.{suffix}").write_text((GOLDEN / f"essay.{suffix}").read_text())
    changelog.write_text(CHANGELOG.read_text(encoding="utf-8"), encoding="utf-8")
    return golden, changelog


def rewrite(golden: Path, **changes: object) -> str:
    """As if results stored earlier, or by other code, had been these."""
    path = golden / "essay.json"
    before = Result.read(path.read_text())
    digests = before.digests | {"minor_days": "0" * 16}
    path.write_text(replace(before, digests=digests, **changes).text())
    return path.read_text()


def test_nothing_is_renewed_where_nothing_changed(copy):
    before = (copy[0] / "essay.json").read_text()
    assert update(*copy) == []
    assert (copy[0] / "essay.json").read_text() == before


def test_changed_results_without_a_new_version_are_refused(copy, measured):
    before = rewrite(copy[0])
    assert compare(Result.read(before), measured["essay"]) == ["minor_days"]
    with pytest.raises(Refusal, match="version is still"):
        update(*copy)
    assert (copy[0] / "essay.json").read_text() == before


def test_a_new_version_without_its_line_in_the_changelog_is_refused(copy):
    golden, changelog = copy
    before = rewrite(golden, model_version="0")
    told = changelog.read_text(encoding="utf-8")
    version = changelog_versions(told)[0]
    for without in (
        told.replace(f"**Model version {version}:**", f"**Model version {version - 1}:**"),
        told.replace(f"**Model version {version}:**", "Model"),
        "",
    ):
        changelog.write_text(without, encoding="utf-8")
        with pytest.raises(Refusal, match="CHANGELOG"):
            update(golden, changelog)
        assert (golden / "essay.json").read_text() == before


def test_with_both_they_are_renewed(copy):
    rewrite(copy[0], model_version="0")
    assert update(*copy) == ["essay.json: 1 metrics changed"]
    assert (copy[0] / "essay.json").read_text() == (GOLDEN / "essay.json").read_text()


def test_a_new_study_and_a_new_metric_need_no_new_version(copy):
    path = copy[0] / "essay.json"
    before = Result.read(path.read_text())
    path.write_text(replace(before, digests={k: v for k, v in before.digests.items() if k != "fear"}).text())
    assert update(*copy) == ["essay.json: 0 metrics changed"]
    path.unlink()
    assert update(*copy) == ["essay.json: new"]
    assert path.read_text() == (GOLDEN / "essay.json").read_text()


def test_a_metric_or_a_scenario_that_is_gone_is_a_change(measured):
    now = measured["essay"]
    fewer = replace(now, digests={k: v for k, v in now.digests.items() if k != "fear"})
    assert compare(now, fewer) == ["fear is gone"]
    assert compare(now, replace(now, scenarios=now.scenarios[1:])) == ["the scenarios are others"]


def test_results_rewritten_by_hand_are_found_in_the_history(copy):
    golden, _ = copy
    path = golden / "essay.json"

    def commit() -> None:
        names = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        for arguments in (["add", "."], [*names, "commit", "-q", "-m", "x"]):
            subprocess.run(["git", "-C", golden, *arguments], check=True, capture_output=True)

    subprocess.run(["git", "init", "-q", golden], check=True)
    commit()
    right = Result.read(path.read_text())
    assert first_stored(path, right.model_version) == right
    rewrite(golden)
    assert compare(first_stored(path, right.model_version), Result.read(path.read_text())) == ["minor_days"]
    commit()  # committed, and so also "removed, and stored again as if new": found all the same
    assert compare(first_stored(path, right.model_version), Result.read(path.read_text())) == ["minor_days"]
    rewrite(golden, model_version="999")
    commit()
    assert compare(first_stored(path, "999"), Result.read(path.read_text())) == []


# ---- what a comparison sees ----


def test_another_program_is_seen(measured, tmp_path):
    """A rate changed by a thousandth, as a change of the code would: all is compared, so it shows."""
    other = tmp_path / "other"
    other.write_text(f'#!/bin/sh\nexec "{PROGRAM}" "$@" --set parameters.persons.escape_rate=0.001401\n')
    other.chmod(0o755)
    different = compare(measured["essay"], measure(GOLDEN / "essay.cfg", other))
    assert any(line.startswith("escaped") for line in different)


def test_a_digest_sees_one_bit_and_one_place_but_no_kind_of_undefined():
    series, summary = np.arange(12.0).reshape(2, 2, 3), np.ones((2, 2))
    changed = series.copy()
    changed[1, 0, 2] = np.nextafter(changed[1, 0, 2], 99)
    assert len({digest(series, summary), digest(changed, summary), digest(-series, summary)}) == 3
    undefined = [series.copy(), series.copy()]
    undefined[0][0, 0, 0] = np.nan
    undefined[1].view(np.uint64)[0, 0, 0] = 0xFFF8000000000001
    assert digest(undefined[0], summary) == digest(undefined[1], summary) != digest(series, summary)
