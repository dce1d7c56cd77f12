"""The comparison: signs, rates over person-years, replicates needed, and what is undefined, each by another way."""

from __future__ import annotations

import warnings

import enforcesim as es
import numpy as np
import pytest
from analysis_support import folder, no_warning, null, strong, study
from enforcesim.compare import OVER, YEAR, Estimate, estimate, probability_below, replicates_needed
from enforcesim.intervals import asymmetry, interval
from scipy import integrate, stats


def rows(ds, scenario="sweeps", **options):
    frame = es.compare(ds, **options)
    return frame[frame.scenario == scenario].set_index("metric")


# ---- the sign of the mean difference ----


def test_probability_is_the_posterior_of_students_t():
    """Without skewness: the mean's posterior under the prior 1 / sd, integrated over sd by hand."""
    values = np.array([-1.0, 0.4, 1.2, 2.0, 3.4])  # symmetric about 1.2
    n, mean, scatter = values.size, values.mean(), ((values - values.mean()) ** 2).sum()
    assert asymmetry(values) == pytest.approx(0, abs=1e-15)

    def weight(sd: float) -> float:
        return sd**-n * np.exp(-scatter / (2 * sd**2))

    def below(sd: float) -> float:
        return weight(sd) * stats.norm.cdf(0, mean, sd / np.sqrt(n))

    whole = [integrate.quad(f, 0.05, 400, limit=400)[0] for f in (below, weight)]
    assert probability_below(values) == pytest.approx(whole[0] / whole[1], rel=1e-6)
    assert probability_below(values) == pytest.approx(stats.ttest_1samp(values, 0, alternative="greater").pvalue)


@pytest.mark.parametrize("seed", range(6))
def test_probability_agrees_with_the_interval(seed):
    """It is 0.975 or 0.025 where the 95 % interval ends at zero, also for skewed values."""
    values = np.random.default_rng(seed).gamma(0.7, 1, 15 + seed)
    low, high = interval(values)
    assert probability_below(values - low) == pytest.approx(0.025, abs=1e-9)
    assert probability_below(values - high) == pytest.approx(0.975, abs=1e-9)
    shifts = np.linspace(values.min() - 3, values.max() + 3, 60)
    found = [probability_below(values - s) for s in shifts]
    assert np.all(np.diff(found) >= 0) and found[0] < 0.01 and found[-1] > 0.99
    mirrored = [probability_below(s - values) for s in shifts]
    assert np.add(found, mirrored) == pytest.approx(1, abs=1e-9)


def test_probability_where_nothing_varies():
    assert np.isnan(probability_below(np.zeros(9)))
    assert np.isnan(probability_below(np.array([1.0])))
    assert probability_below(np.full(9, 0.1)) == 0 and probability_below(np.full(9, -0.1)) == 1


@pytest.mark.slow
def test_probability_is_calibrated():
    """Of studies without an effect a share p has a probability of at most p: for normal values exactly."""
    rng, studies = np.random.default_rng(3), 2000
    found = np.array([probability_below(rng.normal(size=12)) for _ in range(studies)])
    for p in (0.025, 0.1, 0.5, 0.9, 0.975):
        assert abs((found <= p).mean() - p) < 5 * np.sqrt(p * (1 - p) / studies) + 0.01  # half-way ends cover more


def test_shares_are_of_replicates(study):
    row = rows(study).loc["violence_police"]
    ours, theirs = study["summary.violence_police"].sel(scenario=["sweeps", "status_quo"]).values
    assert row.share_below == np.mean(ours < theirs) and row.share_above == np.mean(ours > theirs)
    assert row.probability_below + row.probability_above == 1


# ---- rates ----


def test_rates_over_person_years_by_hand(study):
    """A rate is the events of all replicates over their person-years; the interval is the jackknife's."""
    stocks = OVER["adults"]
    row = rows(study, at_risk="adults").loc["extortions"]
    after = study["time"].values > 0
    events = study["summary.extortions"].sel(scenario=["sweeps", "status_quo"]).values
    years = [
        sum(study[s].sel(scenario=n).values[:, after].mean(axis=1) for s in stocks) * 1095 / YEAR
        for n in ("sweeps", "status_quo")
    ]

    def gap(kept: np.ndarray) -> float:
        ours, theirs = (1000 * e[kept].sum() / y[kept].sum() for e, y in zip(events, years, strict=True))
        return ours - theirs

    n = events.shape[1]
    everybody = np.arange(n)
    pseudo = [n * gap(everybody) - (n - 1) * gap(np.delete(everybody, i)) for i in everybody]
    wanted = estimate(np.array(pseudo))
    assert row.rate_difference == pytest.approx(wanted.mean)
    assert (row.rate_difference_low, row.rate_difference_high) == pytest.approx((wanted.low, wanted.high))
    assert row.rate_difference == pytest.approx(gap(everybody), rel=0.01)


def test_the_kind_of_a_metric_decides_about_rates(study):
    frame = rows(study)
    assert set(frame.kind[frame.rate_difference.notna()]) == {"flow"}
    assert frame[frame.kind == "flow"].rate_difference.notna().all()


def test_whom_rates_are_over_is_said_and_checked(study):
    frame = es.compare(study, metrics=["extortions"], at_risk=["adults_street"])
    assert frame.attrs["at_risk"] == "adults_street"
    assert es.compare(study, metrics=["extortions"]).attrs["at_risk"] == " + ".join(OVER["persons"])
    for wrong, word in (
        ("everyone", "allowed are adults, exploited, persons"),
        (["adult_present"], "did you mean 'adults_present'"),
        (["extortions"], "no stock"),
        ([], "empty"),
    ):
        with pytest.raises(es.EnforceSimError, match=word):
            es.compare(study, at_risk=wrong)
    gone = es.compare(study.drop_vars("adults_street"), metrics=["extortions"])
    assert gone.rate_difference.isna().all()


def test_a_city_without_anybody_has_no_rate(study):
    empty = study.assign({n: 0 * study[n] for n in OVER["persons"]})
    assert rows(empty).rate_difference.isna().all()


# ---- how many replicates ----


@pytest.mark.parametrize(("n", "half"), [(10, 0.4), (40, 0.1), (5, 2.0), (1000, 0.5), (12, 1e-3)])
def test_replicates_needed_by_counting(n, half):
    values = np.random.default_rng(n).normal(3, 1, n)
    found = estimate(values)
    spread = found.half / (stats.t.ppf(0.975, n - 1) / np.sqrt(n))
    needed = replicates_needed(found, half)
    assert spread * stats.t.ppf(0.975, needed - 1) / np.sqrt(needed) <= half * (1 + 1e-9)
    if needed > 2:
        assert spread * stats.t.ppf(0.975, needed - 2) / np.sqrt(needed - 1) > half
    assert replicates_needed(found, found.half) == n


def test_replicates_needed_are_enough(study):
    """As many replicates of the same kind do have such an interval, within what they know of their spread."""
    rng = np.random.default_rng(5)
    needed = int(replicates_needed(estimate(rng.normal(0, 2, 400)), 0.3))
    halves = [estimate(rng.normal(0, 2, needed)).half for _ in range(40)]
    assert np.mean(halves) == pytest.approx(0.3, rel=5 / np.sqrt(2 * 400))


def test_replicates_needed_where_nothing_is_known():
    assert np.isnan(replicates_needed(Estimate(1, np.nan, np.nan, 1), 0.1))
    assert np.isnan(replicates_needed(Estimate(1, 0, 2, 10), np.nan))
    assert replicates_needed(Estimate(1, 1, 1, 10), 0.1) == 2
    assert replicates_needed(Estimate(1, 0, 2, 10), 1e-30) == np.inf


def test_half_widths_are_absolute_or_relative(study):
    mean = float(study["summary.fear"].sel(scenario="status_quo").mean())
    absolute = rows(study, half_width=0.02 * mean).loc["fear"]
    relative = rows(study, half_width="2 %").loc["fear"]
    assert absolute.replicates_needed == relative.replicates_needed > 2
    assert relative.replicates_more == max(relative.replicates_needed - 20, 0)
    chosen = rows(study, half_width={"fear": "2%"})
    assert chosen.replicates_needed.notna().sum() == 1
    assert "replicates_needed" not in es.compare(study)
    for wrong in (0, -1, np.nan, "much", "%", "-3 %", [1]):
        with pytest.raises(es.EnforceSimError, match="half_width"):
            es.compare(study, metrics=["fear"], half_width=wrong)
    with pytest.raises(es.EnforceSimError, match="did you mean 'fear'"):
        es.compare(study, metrics=["fear"], half_width={"feer": 1})


# ---- what is undefined ----


def test_undefined_values_are_left_out_in_pairs_and_counted(study):
    values = study["summary.fear"].values.copy()
    values[0, 3] = values[1, 5] = values[1, 7] = np.nan
    holed = study.assign({"summary.fear": (study["summary.fear"].dims, values, study["summary.fear"].attrs)})
    row = rows(holed).loc["fear"]
    assert (row.replicates, row.pairs, row.undefined) == (18, 17, 3)
    assert row.note == "3 of 20 replicates without a value left out"
    kept = np.setdiff1d(np.arange(20), [3, 5, 7])
    assert row.difference == pytest.approx((values[1] - values[0])[kept].mean())
    values[1] = np.nan
    row = rows(holed.assign({"summary.fear": (study["summary.fear"].dims, values)})).loc["fear"]
    assert row.pairs == 0 and np.isnan(row.difference) and row.note == "undefined in every replicate"


def test_one_name_is_as_good_as_a_list_of_one(study):
    assert es.compare(study, metrics="fear").equals(es.compare(study, metrics=["fear"]))
    with pytest.raises(es.EnforceSimError, match="no metric 'fera'"):
        es.compare(study, metrics="fera")
    titles = [a.get_title(loc="left") for a in es.plot.series(study, "fear", scenarios="sweeps").axes]
    assert titles == ["sweeps"]
    with pytest.raises(es.EnforceSimError, match="no scenario 'sweep'"):
        es.plot.series(study, "fear", scenarios="sweep")


def test_few_replicates_are_not_called_few_differences(study):
    note = rows(study.isel(replicate=slice(6)), metrics="fear").note["fear"]
    assert note == "fewer than 10 replicates: the interval is not to be trusted"


def test_the_baseline_is_status_quo_or_else_the_first(study):
    assert es.compare(study, metrics="fear").attrs["baseline"] == "status_quo"
    others = [str(n) for n in study.scenario.values if n != "status_quo"]
    assert es.compare(study.sel(scenario=others), metrics="fear").attrs["baseline"] == others[0]


def test_a_figure_over_time_takes_one_metric(study):
    with pytest.raises(es.EnforceSimError, match="of type list; allowed: the name of one metric"):
        es.plot.series(study, ["fear"])


@pytest.mark.parametrize("path", [None, 3.5, ["x.h5"]])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(es.EnforceSimError, match="allowed: the path of a file"):
        es.open(path)


def test_notes_say_why_an_interval_is_missing_or_weak(study, null):
    assert "one replicate" in rows(study.isel(replicate=[2])).note["fear"]
    assert "not to be trusted" in rows(study.isel(replicate=slice(4))).note["fear"]
    assert rows(study).note["fear"] == ""
    with es.open(null) as ds:
        assert "same difference in every replicate" in rows(ds, metrics=["fear"]).note["fear"]


def test_unknown_metrics_and_baselines(study):
    with pytest.raises(es.EnforceSimError, match="did you mean 'minor_days'"):
        es.compare(study, metrics=["minor_day"])
    with pytest.raises(es.EnforceSimError, match="no scenario 'nobody'"):
        es.compare(study, "nobody")


def test_intervals_by_scipy_where_nothing_is_skewed():
    """A whole row against scipy's own functions, for values made symmetric."""
    rng = np.random.default_rng(8)
    shared, gap = rng.normal(50, 5, 20), rng.normal(0, 1, 10)
    ours = shared + 3 + np.concatenate([gap, -gap]) * 1.0
    frame = synthetic_study(shared, ours)
    row = rows(frame, "other", baseline="base").loc["x"]
    wanted = stats.ttest_rel(ours, shared)
    low, high = wanted.confidence_interval(0.95)
    assert (row.difference_low, row.difference_high) == pytest.approx((low, high))
    assert row.probability_below == pytest.approx(stats.ttest_rel(ours, shared, alternative="greater").pvalue, rel=1e-6)
    assert row.pairing_gain == pytest.approx((ours.var(ddof=1) + shared.var(ddof=1)) / (ours - shared).var(ddof=1))
    assert row.ratio == pytest.approx(ours.mean() / shared.mean())


def synthetic_study(theirs, ours):
    """A file in memory of one metric, with summaries only."""
    import xarray as xr

    about = {"units": "1", "metric_kind": "share", "long_name": "x"}
    values = xr.DataArray(np.array([theirs, ours]), dims=("scenario", "replicate"), attrs=about)
    coords = {"scenario": ["base", "other"], "replicate": np.arange(len(ours))}
    return xr.Dataset({"summary.x": values}, coords=coords, attrs={"output": "summary", "horizon": 100})
