"""The report as text: what it holds for every kind of file, its size, its colours, its words for differences."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from itertools import product

import enforcesim as es
import numpy as np
import pytest
import synthetic
from analysis_support import command, folder, no_figures, refused, strong  # noqa: F401
from conftest import ROOT
from enforcesim import chart
from enforcesim.compare import Estimate
from enforcesim.report import _parameters, change, render

TEMPLATES = ROOT / "analysis" / "enforcesim" / "templates"


def data_of(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page).group(1))


def made(tmp_path, **options):
    with es.open(synthetic.write(tmp_path / "x.h5", **options)) as ds:
        return render(ds.load())


# ---- colours --------------------------------------------------------------------------------------------


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def palettes():
    """Colours by name in light, in dark, and in print."""
    blocks = re.findall(r":root \{(.*?)\}", (TEMPLATES / "report.css").read_text("utf-8"), re.DOTALL)
    found = [dict(re.findall(r"--([\w]+): (#[0-9a-f]{3,6})", block)) for block in blocks]
    full = [{k: "#" + "".join(2 * c for c in v[1:]) if len(v) == 4 else v for k, v in p.items()} for p in found]
    assert len(full) == 3
    return dict(zip(("light", "dark", "print"), full, strict=True))


def test_contrast_is_measured_as_wcag_says():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("mode", ["light", "dark", "print"])
def test_contrast_suffices(mode):
    """WCAG 2.2 AA: 4.5 for text, 3 for lines, marks and borders of controls."""
    colours = palettes()[mode]
    texts = ("ink", "soft", "link", "supported", "contradicted", "undecided", "untested")
    for name, ground in product(texts, ("paper", "tint")):
        assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
    for name in ("edge", "link", "ink", *(f"s{i}" for i in range(7))):
        assert contrast(colours[name], colours["paper"]) >= 3, name


# ---- one safe file --------------------------------------------------------------------------------------


def test_the_policy_names_what_is_there(tmp_path, no_figures):
    page = made(tmp_path, replicates=2, horizon=360)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page).group(1).replace("&#39;", "'")
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL).group(1)
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL).group(1)
    for kind, part in (("style", style), ("script", script)):
        digest = base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';") and "unsafe" not in policy
    assert not re.search(r" on\w+=| style=", page)
    assert not re.search(
        r"innerHTML|insertAdjacent|document\.write|\beval\b|new Function|https?://(?!www\.w3\.org)", script
    )


def test_data_cannot_leave_their_script():
    odd = "</script><!--<script>\u2028\u2029&'\"\\\x00é\U0001f41f"
    text = chart.as_script({odd: [odd]})
    assert json.loads(text) == {odd: [odd]}
    assert text.isascii() and not set("<>&\x00\u2028") & set(text)
    with pytest.raises(ValueError, match="JSON"):
        chart.as_script([float("nan")])


def test_packed_series_are_what_was_there(tmp_path):
    with es.open(synthetic.write(tmp_path / "x.h5", replicates=5, horizon=360)) as ds:
        data = chart.chart(ds)
        assert data["times"] == list(ds["time"].values) and data["step"] == 1
        for metric in data["metrics"]:
            raw = np.frombuffer(base64.b64decode(metric["packed"]), "<u2").astype(float)
            raw[raw == chart.MISSING] = np.nan
            shape = (4, len(data["quantiles"]), len(data["times"]))
            values = metric["low"] + (metric["high"] - metric["low"]) / 65534 * raw.reshape(shape)
            own = ds[metric["name"]].values.astype(float)
            own = own / es.files.interval_days(ds) * 30 if metric["kind"] == "flow" else own
            step = (metric["high"] - metric["low"]) / 65534
            with np.errstate(all="ignore"):
                wanted = np.median(own, axis=1)
            assert np.allclose(values[:, data["quantiles"].index("q50")], wanted, atol=step, equal_nan=True), metric[
                "name"
            ]


# ---- every kind of file ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"replicates": 1}, {"replicates": 2}, {"scenarios": ("sweeps",), "replicates": 3},
        {"scenarios": ("status_quo", *(f"policy_{i}" for i in range(11))), "replicates": 2},
        {"horizon": 1, "replicates": 2},
    ],
    ids=["one replicate", "two replicates", "one scenario", "twelve scenarios", "one day"],
)  # fmt: skip
def test_small_and_wide_files_are_reported(tmp_path, no_figures, options):
    page = made(tmp_path, **options)
    single = options.get("replicates") == 1
    assert ("One replicate only" in page) == single
    assert ("Undecided: one replicate has no interval." in page) == single
    assert data_of(page)["quantiles"] == (["q50"] if single else ["q05", "q25", "q50", "q75", "q95"])
    assert "</html>" in page and "nan" not in re.sub(r"<script.*", "", page, flags=re.DOTALL).lower().split()


@pytest.mark.slow
def test_many_replicates_and_scenarios_stay_small(tmp_path):
    names = ("status_quo", "sweeps", "professional_rescue", "no_police", *(f"policy_{i}" for i in range(12)))
    path = synthetic.write(tmp_path / "x.h5", replicates=200, scenarios=names, horizon=1825, effects=synthetic.STRONG)
    with es.open(path) as ds:
        assert es.report(ds, tmp_path / "x.html").stat().st_size < 5_000_000


def test_room_for_series_is_kept():
    for series, times in ((100, 50), (1600, 75), (1600, 2000), (5000, 5000), (100_000, 10)):
        quantiles, step = chart._detail(series, times, False)
        if step < 256:
            assert series * (times // step + 1) * len(quantiles) * 8 / 3 <= chart.ROOM
    assert chart._detail(400, 50, False) == (chart.DETAIL[2], 1)


def test_a_design_is_reported_point_by_point(tmp_path, no_figures):
    path = synthetic.write(tmp_path / "x.h5", replicates=2, points=3, horizon=60)
    for name in ("table", "claims", "report"):
        refused(command(name, path), "3 points", "--point 0")
        refused(command(name, path, "--point", "3"), "the points 0 to 2")
    assert command("report", path, "--point", "2").returncode == 0
    refused(command("table", synthetic.write(tmp_path / "y.h5", replicates=2, horizon=60), "--point", "0"), "no design")


def test_descriptions_of_scenarios(strong, tmp_path, no_figures):
    out = tmp_path / "x.html"
    said = command("report", strong, "-o", out, "--describe", "sweeps=Random <i>sweeps</i>, three a month.")
    assert said.returncode == 0
    assert out.read_text("utf-8").count("Random &lt;i&gt;sweeps&lt;/i&gt;, three a month.") == 2
    refused(command("report", strong, "-o", out, "--describe", "nobody=x"), "'nobody', which is no scenario")
    refused(command("report", strong, "-o", out, "--describe", "nobody"), "NAME=TEXT")


def test_parameters_show_range_default_and_change(tmp_path, no_figures):
    import h5py

    path = synthetic.write(tmp_path / "x.h5", replicates=2, horizon=60)
    with h5py.File(path, "a") as file:
        own = file["parameters/fear.half_life"].attrs
        own["valid_min"], own["valid_max"], own["default"] = 1.0, 3650.0, 60.0
        file["parameters/policy.sweep_rate"].attrs["default"] = 0.25
    with es.open(path) as ds:
        rows = {p["name"]: p for p in _parameters(ds)}
    assert rows["fear.half_life"] | {"range": "1 to 3650", "default": "60", "changed": True} == rows["fear.half_life"]
    assert rows["policy.sweep_rate"]["changed"] and "3: sweeps" in rows["policy.sweep_rate"]["value"]


# ---- words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs", "gap", "words"),
    [
        (50.0, 100.0, Estimate(-50, -55, -45, 20), "50 % lower"),
        (150.0, 100.0, Estimate(50, 45, 55, 20), "50 % higher"),
        (300.0, 100.0, Estimate(200, 190, 210, 20), "3.00 times 100"),
        (100.4, 100.0, Estimate(0.4, 0.1, 0.7, 20), "less than 1 % higher"),
        (99.6, 100.0, Estimate(-0.4, -0.7, -0.1, 20), "less than 1 % lower"),
        (103.0, 100.0, Estimate(3, -1, 7, 20), "no clear difference"),
        (97.0, 100.0, Estimate(-3, -7, 1, 20), "no clear difference"),
        (100.0, 100.0, Estimate(0, 0, 0, 20), "the same"),
        (5.0, 0.0, Estimate(5, 4, 6, 20), "instead of none"),
        (50.0, 100.0, Estimate(-50, np.nan, np.nan, 1), "50 % lower"),
        (50.0, 100.0, Estimate(np.nan, np.nan, np.nan, 0), "difference undefined"),
        (50.0, 100.0, Estimate(-50, -55, -45, 20, few=True), "50 % lower (few events)"),
        (50.0, 100.0, Estimate(-50, -55, -45, 6, few=True), "50 % lower (few replicates)"),
    ],
)
def test_differences_are_said_alike_in_both_directions(ours, theirs, gap, words):
    assert change(ours, theirs, gap).replace("\u00a0", " ") == words


def test_the_page_takes_no_side(strong, tmp_path, no_figures):
    text = es.report(es.open(strong), tmp_path / "x.html").read_text("utf-8")
    assert not re.search(r"\b(success|fail(ure)?|better off|worse|improve\w*|good|bad)\b", _prose(text), re.IGNORECASE)
    for verdict in ("supported", "contradicted", "undecided"):
        assert f"<option>{verdict}</option>" in text


def _prose(page):
    """What the template says by itself: sections but those of tables, claims and provenance."""
    kept = re.findall(r'<h2 id="(?:brief|question|survey|limits)">.*?</section>', page, re.DOTALL)
    return re.sub(r"<[^>]+>", " ", " ".join(kept))
