"""Small results files with random but plausible values, laid out as the contract says, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np

SCENARIOS = ("status_quo", "sweeps", "professional_rescue", "no_police")
TEXT = h5py.string_dtype("utf-8")

# name: kind, unit, mean level (stocks and shares) or mean per day (flows), meaning
METRICS: dict[str, tuple[str, str, float, str]] = {
    "minors_present": ("stock", "persons", 170, "minors exploited in venues"),
    "coerced_adults_present": ("stock", "persons", 90, "coerced adults in venues"),
    "adults_present": ("stock", "persons", 2500, "non-coerced adults in venues"),
    "exploited_private": ("stock", "persons", 30, "minors and coerced adults in the private network"),
    "adults_street": ("stock", "persons", 120, "non-coerced adults who work in the street"),
    "venues_open": ("stock", "venues", 148, "venues that are not closed"),
    "venues_offering": ("stock", "venues", 40, "venues that offer minors or coerced adults openly"),
    "venues_covert": ("stock", "venues", 8, "venues that offer minors or coerced adults covertly"),
    "venues_protected": ("stock", "venues", 22, "venues under the protection of an officer"),
    "traffickers_active": ("stock", "persons", 44, "active traffickers"),
    "offenders_jailed": ("stock", "persons", 12, "owners and traffickers in prison"),
    "in_aftercare": ("stock", "persons", 15, "persons in aftercare"),
    "minor_prevalence": ("share", "1", 0.06, "minors per person in venues and the private network"),
    "minor_prevalence_surveyed": ("share", "1", 0.05, "minors per person that the survey sees"),
    "health_coverage": ("share", "1", 0.72, "adults served by a health service within 90 days"),
    "infected_share": ("share", "1", 0.04, "infected persons"),
    "perceived_risk": ("share", "1", 0.03, "believed chance of being caught within a year"),
    "perceived_punishment": ("share", "1", 0.2, "believed chance that being caught is punished"),
    "fear": ("share", "1", 0.15, "fear of the police, 0 to 1"),
    "price_factor": ("share", "1", 1, "factor on the premium of exploitation"),
    "officer_skill": ("share", "1", 0.3, "skill of officers, 0 to 1"),
    "officer_integrity": ("share", "1", 0.35, "integrity of officers, 0 to 1"),
    "minor_days": ("flow", "person-days", 185, "person-days of exploitation of minors"),
    "coerced_days": ("flow", "person-days", 100, "person-days of exploitation of coerced adults"),
    "minors_recruited": ("flow", "persons", 0.4, "minors recruited"),
    "minors_rescued": ("flow", "persons", 0.1, "minors taken to care by the police"),
    "coerced_adults_rescued": ("flow", "persons", 0.05, "coerced adults taken to care by the police"),
    "tips": ("flow", "leads", 0.1, "leads of which non-coerced adults were the source"),
    "victims_deported": ("flow", "persons", 0.01, "minors and coerced adults deported"),
    "victims_returned": (
        "flow",
        "persons",
        0.05,
        "recognised victims whom the police returned to exploitation",
    ),
    "retrafficked": ("flow", "persons", 0.03, "rescued persons who are exploited again"),
    "escaped": ("flow", "persons", 0.2, "exploited persons who escaped"),
    "mistaken_rescues": ("flow", "persons", 0.02, "adults taken against their will as presumed victims"),
    "adults_returned": ("flow", "persons", 0.015, "adults taken against their will who returned to a venue"),
    "operations": ("flow", "events", 0.1, "rescue operations"),
    "operations_betrayed": ("flow", "events", 0.02, "rescue operations betrayed"),
    "operations_false_lead": ("flow", "events", 0.02, "rescue operations on a false lead"),
    "sweeps": ("flow", "events", 0.04, "sweeps"),
    "shakedowns": ("flow", "events", 1.5, "shakedowns"),
    "owners_arrested": ("flow", "persons", 0.05, "owners arrested"),
    "traffickers_arrested": ("flow", "persons", 0.03, "traffickers arrested"),
    "convictions": ("flow", "persons", 0.03, "convictions"),
    "fines": ("flow", "persons", 0.005, "convictions that ended in a fine"),
    "acquittals": ("flow", "persons", 0.02, "acquittals"),
    "pardons": ("flow", "persons", 0.001, "pardons"),
    "officers_prosecuted": ("flow", "persons", 0.005, "officers prosecuted"),
    "violence_police": ("flow", "events", 0.3, "assaults by officers"),
    "violence_client_adults": ("flow", "incidents", 2.2, "violence by clients against non-coerced adults"),
    "violence_client": ("flow", "events", 3, "assaults by clients"),
    "violence_owner": ("flow", "events", 1, "assaults by owners and traffickers"),
    "adult_detentions": ("flow", "persons", 0.4, "detentions of non-coerced adults"),
    "deportations": ("flow", "persons", 0.05, "deportations"),
    "extortions": ("flow", "events", 2, "adults extorted by officers"),
    "outreach_visits": ("flow", "visits", 4, "outreach visits to venues"),
    "outreach_denied": ("flow", "visits", 1, "outreach visits that the owner refused"),
    "persons_served": ("flow", "persons", 60, "persons served by health services"),
    "infections": ("flow", "persons", 0.3, "infections"),
    "adult_days_lost": ("flow", "person-days", 20, "days of work lost by adults"),
    "cost_police": ("flow", "cost units", 100, "cost of the police"),
    "cost_ngo": ("flow", "cost units", 20, "cost of the non-governmental organisation"),
    "cost_health": ("flow", "cost units", 50, "cost of the health services"),
    "coerced_recruited": ("flow", "persons", 0.2, "adults recruited"),
    "helped_out": ("flow", "persons", 0.05, "exploited persons whom others got out"),
    "came_of_age": ("flow", "persons", 0.15, "minors who turned 18"),
    "released_from_debt": ("flow", "persons", 0.1, "coerced adults released"),
    "dismissed": ("flow", "persons", 0.1, "exploited persons let go"),
    "board_removals": ("flow", "persons", 0.01, "exploited persons who left with a board's help"),
    "minors_private": ("stock", "persons", 12, "minors in the private network"),
    "venues_private": ("stock", "venues", 3, "venues that offer minors or coerced adults privately"),
    "officer_tenure": ("share", "days", 400, "time that officers have been in their unit"),
    "officers_transferred": ("flow", "persons", 0.2, "officers transferred"),
    "special_skill": ("share", "1", 0.5, "skill of the special unit"),
    "special_integrity": ("share", "1", 0.6, "integrity of the special unit"),
}

#: An effect: factor on a metric's level once the policy holds. "strong" is what the essay hopes for.
STRONG: dict[str, dict[str, float]] = {
    "professional_rescue": {
        **dict.fromkeys(("minors_present", "minor_days", "minor_prevalence", "coerced_days"), 0.3),
        **dict.fromkeys(("coerced_adults_present", "venues_offering"), 0.3),
        "minor_prevalence_surveyed": 0.2,
        "exploited_private": 0.9,
        "minors_rescued": 4,
        "operations": 10,
        "violence_police": 0.8,
    },
    "sweeps": {"violence_police": 6, "adult_detentions": 9, "extortions": 1.5, "sweeps": 12, "fear": 2.5},
    "no_police": {
        **dict.fromkeys(("violence_police", "adult_detentions", "extortions", "sweeps", "shakedowns"), 0),
        **dict.fromkeys(("operations", "minors_rescued", "convictions", "deportations", "mistaken_rescues"), 0),
        "minor_days": 1.3,
        "minor_prevalence": 1.25,
    },
}


def write(
    path: Path,
    replicates: int = 20,
    effects: Mapping[str, Mapping[str, float]] | None = None,
    scenarios: tuple[str, ...] = SCENARIOS,
    horizon: int = 1095,
    seed: int = 1,
    title: str = "The essay's scenarios",
    labels: Mapping[str, str] | None = None,
    points: int = 0,
) -> Path:
    """Write a results file; `effects`: {scenario: {metric: factor}}, without any all scenarios are equal."""
    rng = np.random.default_rng(seed)
    times = np.array([*range(-360, horizon + 1, 30)], dtype=np.int32)
    if times[-1] != horizon:
        times = np.append(times, np.int32(horizon))
    days = np.concatenate([[30], np.diff(times)]).astype(float)
    shape = (len(scenarios), replicates, times.size)
    with h5py.File(path, "w", libver="v110") as file:
        _attributes(file, title, horizon, replicates)
        _scale(file, "scenario", np.array(scenarios, dtype=object), TEXT)
        _scale(file, "replicate", np.arange(replicates, dtype=np.int32))
        _scale(file, "time", times, units="day")
        if points:
            _scale(file, "point", np.arange(points, dtype=np.int32))
        summary = file.create_group("summary")
        for name, (kind, unit, mean, meaning) in METRICS.items():
            values = _values(rng, name, kind, mean, shape, times, days, scenarios, effects or {})
            last = times > horizon - 180
            after = times > 0
            total = values[..., after].sum(-1) if kind == "flow" else np.nanmean(values[..., last], axis=-1)
            about = {"units": unit, "long_name": (labels or {}).get(name, meaning), "metric_kind": kind}
            about["submodel"] = "police" if "officer" in name else "persons"
            dims = ["scenario", "replicate"]
            if points:
                values, total = np.stack([values] * points), np.stack([total] * points)
                dims = ["point", *dims]
            _dataset(file, file, name, values, [*dims, "time"], about)
            _dataset(file, summary, name, total, dims, about)
        _config(file, scenarios, horizon)
    return path


def _values(rng, name, kind, mean, shape, times, days, scenarios, effects):
    """Series (scenario, replicate, time): scenarios share the replicate's luck."""
    _, replicates, n_times = shape
    level = mean * np.exp(0.05 * rng.standard_normal((replicates, 1)))
    shared = np.repeat((level * (1 + 0.05 * rng.standard_normal((replicates, n_times))))[None], shape[0], axis=0)
    own = 1 + 0.03 * rng.standard_normal(shape)
    values = np.where(times > 0, shared * own, shared) if effects else shared
    ramp = np.clip(times / 365, 0, 1)
    for i, scenario in enumerate(scenarios):
        factor = effects.get(scenario, {}).get(name, 1.0)
        values[i] *= 1 + (factor - 1) * ramp if factor else np.where(times > 0, 0.0, 1.0)
    if kind == "flow":
        return values * days
    if name == "minor_prevalence_surveyed":
        values = values * (1 + 0.2 * rng.standard_normal(shape[1:])[None])
        return np.where((times % 360 == 0) | (times == times[-1]), values, np.nan)
    return values


def _attributes(file: h5py.File, title: str, horizon: int, replicates: int) -> None:
    about = {
        "Conventions": "CF-1.10", "title": title, "study": "essay", "program_version": "0.1.0",
        "model_version": "1",
        "git_commit": "0123456789abcdef", "seed_text": "2012", "digest": "ab" * 32,
        "created": "2025-01-01T00:00:00Z",
        "history": f"enforcesim run configs/essay.cfg -r {replicates} -o results/essay.h5",
    }  # fmt: skip
    for name, value in about.items():
        file.attrs[name] = value
    file.attrs["burn_in"], file.attrs["horizon"] = np.int32(1825), np.int32(horizon)


def _config(file: h5py.File, scenarios: tuple[str, ...], horizon: int) -> None:
    config = file.create_group("config")
    config.create_dataset("text", data='run = { name = "essay"; };\n', dtype=TEXT)
    _scale(file, "policy", np.array(scenarios, dtype=object), TEXT)
    n = len(scenarios)
    _scale(file, "phase", np.arange(n, dtype=np.int32))
    for name in ("scenario", "policy"):
        _dataset(file, config, f"phase_{name}", np.array(scenarios, dtype=object), ["phase"], {})
    _dataset(file, config, "phase_day", np.zeros(n, np.int32), ["phase"], {"units": "day"})
    parameters = file.create_group("parameters")
    sweeps = np.array([3.0 if s == "sweeps" else 0.0 if s == "no_police" else 0.25 for s in scenarios])
    about = {"units": "1/month", "long_name": "sweeps in each district", "role": "lever", "source": "assumed"}
    _dataset(file, parameters, "policy.sweep_rate", sweeps, ["policy"], about)
    about = {
        "units": "days",
        "long_name": "time in which fear halves",
        "role": "uncertain",
        "source": "assumed",
    }
    _dataset(file, parameters, "fear.half_life", np.full(n, 90.0), ["policy"], about)


def _scale(file: h5py.File, name: str, values: np.ndarray, dtype: object = None, **about: str) -> None:
    dataset = file.create_dataset(name, data=values, dtype=dtype)
    dataset.make_scale(name)
    for key, value in about.items():
        dataset.attrs[key] = value


def _dataset(
    file: h5py.File,
    group: h5py.Group,
    name: str,
    values: np.ndarray,
    dims: list[str],
    about: Mapping[str, str],
) -> None:
    dtype = TEXT if values.dtype == object else None
    options = {} if dtype else {"fillvalue": np.nan, "fletcher32": True} if values.dtype.kind == "f" else {}
    dataset = group.create_dataset(name, data=values, dtype=dtype, **options)
    for i, dim in enumerate(dims):
        dataset.dims[i].attach_scale(file[dim])
    for key, value in about.items():
        dataset.attrs[key] = value
    if values.dtype.kind == "f":
        dataset.attrs["_FillValue"] = np.float64(np.nan)
