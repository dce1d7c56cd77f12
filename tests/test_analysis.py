"""The Python package: files, running, statistics, tables."""

from __future__ import annotations

import shutil

import enforcesim as es
import h5py
import numpy as np
import pytest
import synthetic
import xarray as xr
from analysis_support import command, folder, no_figures, null, refused, strong
from enforcesim import canvas, files, plot
from enforcesim.compare import Estimate, estimate, fieller, level, pairing_gain, pseudovalues
from enforcesim.report import render
from enforcesim.table import number, signed, with_half
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

# ---- files --------------------------------------------------------------------------------------------


def test_open_is_lazy_and_labelled(strong):
    with es.open(strong) as ds:
        assert ds["minor_days"].dims == ("scenario", "replicate", "time")
        assert not ds["minor_days"].variable._in_memory
        assert list(ds.sel(scenario="sweeps").dims) != []
        assert es.summary(ds)["minor_days"].dims == ("scenario", "replicate")
        assert ds["time"].dtype.kind == "i"  # days, not timedeltas


def test_open_keeps_groups_together_in_selections(strong):
    with es.open(strong) as ds:
        part = ds.isel(replicate=slice(5)).sel(scenario=["sweeps", "status_quo"])
        assert es.summary(part)["minor_days"].shape == (2, 5)
        assert [p.scenario for p in es.phases(part)] == list(synthetic.SCENARIOS)


def test_metrics_and_parameters_come_from_the_file(strong):
    with es.open(strong) as ds:
        table = es.metrics(ds)
        assert set(table.index) == set(synthetic.METRICS)
        assert table.units["minor_days"] == "person-days"
        assert es.parameters(ds).loc["policy.sweep_rate", "sweeps"] == 3
        assert files.levers(ds, "sweeps", "status_quo") == [("sweeps in each district", "1/month", 3.0, 0.25)]
        assert files.levers(ds, "professional_rescue", "status_quo") == []


def test_netcdf4_reads_the_same_layout(strong):
    with xr.open_dataset(strong, engine="netcdf4", decode_times=False) as ds:
        assert ds.sel(scenario="sweeps")["minor_days"].sizes["replicate"] == 20


def test_phases_kept_as_indices_become_names(folder, strong):
    path = shutil.copy(strong, folder / "indices.h5")
    with h5py.File(path, "a") as file:
        for name in ("scenario", "policy"):
            del file[f"config/phase_{name}"]
            dataset = file["config"].create_dataset(f"phase_{name}", data=np.array([3, 2, 1, 0], np.int32))
            dataset.dims[0].attach_scale(file["phase"])
    with es.open(path) as ds:
        assert [p.policy for p in es.phases(ds)] == list(synthetic.SCENARIOS[::-1])


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda p: None, "no such file"),
        (lambda p: p.mkdir(), "directory"),
        (lambda p: p.write_bytes(b""), "empty"),
        (lambda p: p.write_text("not a file of ours"), "not an HDF5 file"),
        (lambda p: p.write_bytes(b"\x89HDF\r\n\x1a\n"), "truncated"),
        (lambda p: h5py.File(p, "w").close(), "not a results file"),
    ],
)
def test_wrong_files_are_refused(tmp_path, make, word):
    path = tmp_path / "x.h5"
    make(path)
    with pytest.raises(es.EnforceSimError, match=word) as caught:
        es.open(path)
    assert "x.h5" in str(caught.value)
    refused(command("table", path), word)


def test_unfinished_run_says_how_to_finish(tmp_path):
    path = tmp_path / "x.h5.partial"
    path.write_bytes(b"journal")
    with pytest.raises(es.EnforceSimError, match="--resume"):
        es.open(path)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.9, 0.999])
def test_truncated_files_are_refused(tmp_path, strong, share):
    whole = strong.read_bytes()
    path = tmp_path / "cut.h5"
    path.write_bytes(whole[: int(share * len(whole))])
    refused(command("table", path), "cut.h5")


def test_damaged_data_end_in_one_line(tmp_path, strong):
    whole = bytearray(strong.read_bytes())
    with h5py.File(strong) as file:
        dataset = file["summary/minor_days"]
        at = dataset.id.get_offset() or dataset.id.get_chunk_info(0).byte_offset
    whole[at] ^= 1
    path = tmp_path / "flipped.h5"
    path.write_bytes(whole)
    refused(command("table", path))


def test_data_in_other_files_are_refused(tmp_path, strong):
    path = tmp_path / "linked.h5"
    shutil.copy(strong, path)
    with h5py.File(path, "a") as file:
        file["elsewhere"] = h5py.ExternalLink("/etc/hostname", "/")
    with pytest.raises(es.EnforceSimError, match="links to another file"):
        es.open(path)
    shutil.copy(strong, path)
    with h5py.File(path, "a") as file:
        file.create_dataset("outside", (4,), "i1", external=[("/etc/hostname", 0, 4)])
    with pytest.raises(es.EnforceSimError, match="in another file"):
        es.open(path)


# ---- statistics ---------------------------------------------------------------------------------------


def test_estimate_of_symmetric_values_is_the_t_interval():
    values = np.array([1.0, 2.0, 4.0, 5.0])
    low, high = stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
    e = estimate(values)
    assert (e.low, e.high) == pytest.approx((low, high))
    pair = estimate(np.array([1.0, 4.0]))  # of two values nothing is known but their spread
    assert (pair.low, pair.high) == pytest.approx(stats.t.interval(0.95, 1, 2.5, 1.5))
    assert not np.isfinite(estimate(values[:1]).low)
    assert estimate(np.array([np.nan])).n == 0


@pytest.mark.parametrize("sign", [1, -1])
def test_estimate_of_skewed_values_follows_willink(sign):
    """Willink (2005), equations as printed; on the side without the long tail half-way from Student's t."""
    values = sign * np.array([0.0, 0, 1, 1, 2, 2, 3, 4, 5, 9, 17])
    mean, n = values.mean(), values.size
    a = stats.skew(values, bias=False) / (6 * np.sqrt(n))
    t = stats.t.ppf(0.975, n - 1)
    willink = [mean - stats.sem(values) * (np.cbrt(1 + 6 * a * (q - a)) - 1) / (2 * a) for q in (t, -t)]
    student = [mean - stats.sem(values) * q for q in (t, -t)]
    long, short = (1, 0) if sign > 0 else (0, 1)
    assert abs(willink[long] - mean) > abs(student[long] - mean)
    assert abs(willink[short] - mean) < abs(student[short] - mean)
    e = estimate(values)
    assert (e.low, e.high)[long] == pytest.approx(willink[long])
    assert (e.low, e.high)[short] == pytest.approx((willink[short] + student[short]) / 2)


@given(st.lists(st.floats(-100, 100).map(lambda x: round(x, 3)), min_size=2, max_size=30), st.floats(0.1, 10))
def test_estimates_follow_a_change_of_unit(values, scale):
    """Shifted, scaled and mirrored values have the interval shifted, scaled and mirrored; it holds the mean."""
    x = np.array(values)
    e, moved, mirrored = estimate(x), estimate(7 + scale * x), estimate(-x)
    assert e.low <= e.mean + 1e-9 and e.mean - 1e-9 <= e.high
    near = pytest.approx((7 + scale * e.low, 7 + scale * e.high), rel=1e-6, abs=1e-6)
    assert (moved.low, moved.high) == near
    assert (mirrored.low, mirrored.high) == pytest.approx((-e.high, -e.low), rel=1e-6, abs=1e-6)


@given(st.integers(0, 2**32 - 1), st.floats(0.2, 5))
def test_fieller_agrees_with_the_paired_test(seed, k):
    rng = np.random.default_rng(seed)
    b = 10 + rng.normal(size=15)
    a = 1.3 * b + rng.normal(size=15)
    low, high = fieller(a, b)
    inside = estimate(a - k * b)
    assert (low <= k <= high) == (inside.low <= 0 <= inside.high)


def test_fieller_needs_no_spread_and_no_positive_denominator():
    b = np.array([1.0, 2, 3, 5, 8])
    assert fieller(2 * b, b) == (2, 2)
    assert fieller(0 * b, b) == (0, 0)
    a = np.array([1.0, 3, 2, 6, 9])
    low, high = fieller(a, b)
    assert low < a.mean() / b.mean() < high
    assert fieller(-a, b) == pytest.approx((-high, -low))
    assert fieller(a, -b) == pytest.approx((-high, -low))


def test_fieller_has_no_interval_without_a_denominator():
    rng = np.random.default_rng(1)
    assert np.isnan(fieller(rng.normal(size=20), rng.normal(size=20))[0])


@given(st.lists(st.floats(0.5, 2), min_size=3, max_size=30))
def test_pseudovalues_average_near_the_ratio(values):
    a = np.array(values)
    assert pseudovalues(a, None) is a
    b = np.full(a.size, 2.0)
    assert pseudovalues(a, b) == pytest.approx(a / 2)


@pytest.mark.slow
def test_intervals_cover_as_often_as_they_say():
    """2,000 small studies of a known ratio: the share covered lies within four standard errors of 95 %."""
    rng = np.random.default_rng(20)
    covered = 0
    for _ in range(2000):
        b = rng.gamma(20, 1, 25)
        a = 0.7 * b + rng.normal(0, 2, 25)
        low, high = fieller(a, b)
        covered += low <= 0.7 <= high
    assert abs(covered / 2000 - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 2000)


def test_pairing_gain_is_one_for_strangers_and_large_for_twins():
    rng = np.random.default_rng(2)
    x = rng.normal(size=4000)
    assert pairing_gain(x, rng.normal(size=4000)) == pytest.approx(1, abs=0.1)
    assert pairing_gain(x, x + 0.1 * rng.normal(size=4000)) > 100


def test_flows_are_rates_whatever_the_last_interval(folder):
    """A flow of constant intensity has the same level in every window, also across a short last interval."""
    path = synthetic.write(folder / "uneven.h5", replicates=2, horizon=1000)
    with h5py.File(path, "a") as file:
        times = file["time"][:]
        days = np.concatenate([[30], np.diff(times)])
        assert days[-1] == 10
        file["minor_days"][...] = np.broadcast_to(2.0 * days, file["minor_days"].shape)
        file["summary/minor_days"][...] = 2000.0
    with es.open(path) as ds:
        for at in ("before", "end", "horizon", (0, 365), "day 0", "last"):
            assert level(ds, "minor_days", at).values == pytest.approx(2.0), at
        series, unit = canvas.series_of(ds, "minor_days")
        assert series == pytest.approx(60.0)
        assert unit == "person-days per 30 days"


def test_level_refuses_what_is_not_there(strong):
    with es.open(strong) as ds:
        for metric, at in (("nonsense", "end"), ("fear", "sometime"), ("fear", (5000, 6000))):
            with pytest.raises(es.EnforceSimError):
                level(ds, metric, at)


def test_compare_finds_strong_effects_and_no_others(strong):
    with es.open(strong) as ds:
        table = es.compare(ds).set_index(["scenario", "metric"])
    row = table.loc["sweeps", "violence_police"]
    assert row.ratio == pytest.approx(1 + 5 * 0.83, rel=0.1)  # 6 after a ramp of a year in a horizon of three
    assert row.ratio_low < row.ratio < row.ratio_high
    assert row.difference_low > 0
    assert row.share_below == 0
    assert table.loc["sweeps", "pardons"].pairing_gain > 3
    assert np.isnan(table.loc["status_quo", "pardons"].difference)
    assert table.loc["no_police", "sweeps"].ratio == 0


def test_compare_of_equal_scenarios_is_zero(null):
    with es.open(null) as ds:
        table = es.compare(ds)
    rest = table[table.scenario != "status_quo"]
    assert (rest.difference == 0).all()
    assert rest.ratio.to_numpy() == pytest.approx(1)


def test_one_replicate_has_no_interval_and_says_so(folder, no_figures):
    path = synthetic.write(folder / "single.h5", replicates=1, effects=synthetic.STRONG)
    with es.open(path) as ds:
        table = es.compare(ds)
        assert table.low.isna().all()
        assert table["mean"].notna().all()
        assert "one replicate" in table.attrs["note"]
        assert table.note[table.scenario != "status_quo"].str.contains("one replicate").all()
        assert "one replicate" in es.table(ds)
        verdicts = es.claims(ds)
        assert set(verdicts.verdict) <= {"undecided", "not tested"}
        assert "one replicate" in render(ds)


@pytest.mark.slow
def test_designs_and_lost_dimensions_are_refused_clearly(folder, strong):
    path = synthetic.write(folder / "design.h5", replicates=2, points=3)
    refused(command("table", path), "design of 3 points")
    with es.open(path) as ds:
        assert es.compare(ds.isel(point=0)).shape[0] == 4 * len(synthetic.METRICS)
    with es.open(strong) as ds, pytest.raises(es.EnforceSimError, match="select with a list"):
        es.compare(ds.sel(scenario="sweeps"))
    with es.open(strong) as ds, pytest.raises(es.EnforceSimError, match="no scenario 'nobody'"):
        es.compare(ds, baseline="nobody")


# ---- table --------------------------------------------------------------------------------------------


@given(st.floats(-1e12, 1e12), st.floats(0, 1e9))
def test_numbers_can_be_read_back(value, half):
    shown = number(value, half).replace(",", "").replace("−", "-")
    assert abs(float(shown) - value) <= max(half, abs(value) / 100, 1e-5) * 0.51 + 1


@pytest.mark.parametrize(
    ("mean", "half", "shown"),
    [(12.345, 0.4, "12.3 ±0.4"), (12.345, 0.12, "12.35 ±0.12"), (1234.5, 25, "1,234 ±25"), (0, 0, "0")],
)
def test_digits_follow_the_interval(mean, half, shown):
    assert with_half(Estimate(mean, mean - half, mean + half, 9)) == shown


@pytest.mark.parametrize(
    ("mean", "low", "high", "shown"),
    [
        (12.3, 12.0, 12.9, "12.3 −0.3/+0.6"),
        (-5, -9, -4.5, "−5.0 −4.0/+0.5"),
        (1, 0.8, 1.31, "1.00 −0.20/+0.31"),
        (12.3, 11.94, 12.72, "12.3 ±0.4"),  # the sides look the same
        (1, 0.78, 1.24, "1.00 ±0.23"),  # or nearly so
    ],
)
def test_sides_that_differ_are_shown(mean, low, high, shown):
    assert with_half(Estimate(mean, low, high, 12)) == shown
    assert with_half(Estimate(mean, low, high, 12, few=True)) == shown + "?"


def test_differences_are_marked_when_their_interval_excludes_zero():
    assert signed(Estimate(-3, -4, -2, 9)) == "−3.0 ±1.0*"
    assert signed(Estimate(1, -1, 3, 9)) == "+1.0 ±2.0"
    assert signed(Estimate(-3, -4, -2, 9, few=True)) == "−3.0 ±1.0?*"


def test_table_is_readable(strong):
    with es.open(strong) as ds:
        text = es.table(ds)
    assert max(map(len, text.splitlines())) <= 120
    assert text.startswith("essay: 20 replicates of 3 years (1,095 days) with about 2,9")
    for title in ("MINORS AND COERCED ADULTS", "NON-COERCED ADULTS", "PERPETRATORS", "POLICE"):
        assert text.count(title) == text.count("─" * 120) >= 2
    assert "Paired differences from status_quo" in text


def test_table_with_many_scenarios_keeps_its_width(folder):
    names = tuple(f"a_scenario_with_a_long_name_{i}" for i in range(9))
    with es.open(synthetic.write(folder / "many.h5", replicates=3, scenarios=names)) as ds:
        text = es.table(ds)
    assert max(map(len, text.splitlines())) <= 120
    assert text.count("Outcomes\n") > 1


def test_tables_leave_out_what_the_file_lacks(folder, strong, monkeypatch):
    path = shutil.copy(strong, folder / "lacking.h5")
    with h5py.File(path, "a") as file:
        for name in ("officer_skill", "coerced_days", "minor_prevalence_surveyed"):
            del file[name]
            del file[f"summary/{name}"]
    with es.open(path) as ds:
        assert "skill" not in es.table(ds)
        assert "survey" not in plot.figures(ds)
        monkeypatch.setattr(plot, "figures", lambda *_: {})
        assert es.claims(ds).verdict["E1"] == "not tested"
        assert "not tested" in render(ds)
