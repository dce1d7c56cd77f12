"""Figures stay readable in the worst cases: nothing written overlaps, nothing leaves the page."""

from __future__ import annotations

import enforcesim as es
import numpy as np
import pytest
import synthetic
from analysis_support import no_warning  # noqa: F401
from conftest import effort
from enforcesim import canvas, plot
from matplotlib.text import Text
from matplotlib.transforms import Bbox

LONG = ("status_quo", *(f"a_policy_with_a_rather_long_name_for_which_nobody_left_room_{i:02d}" for i in range(11)))
#: Those in which names are placed; quick enough for every test run. The others follow with `make verify`.
BRIEF = ("tradeoff", "cost_effectiveness", "victims", "groups", "survey")


@pytest.fixture(scope="module")
def twelve(tmp_path_factory):
    effects = {n: {"minor_days": 0.5 + 0.05 * i, "violence_police": 0.2 * i} for i, n in enumerate(LONG)}
    path = synthetic.write(tmp_path_factory.mktemp("twelve") / "x.h5", 6, effects, LONG)
    with es.open(path) as ds:
        return ds.load()


def numbers(ds):
    return [n for n, v in ds.data_vars.items() if v.dtype.kind == "f" and "scenario" in v.dims]


def worst(twelve):
    """Studies that are hard to draw, by name."""
    one = twelve.isel(scenario=slice(4), replicate=[0])
    few = twelve.isel(scenario=slice(2))
    return {
        "twelve scenarios": twelve,
        "one scenario": twelve.isel(scenario=[0]),
        "one replicate": one,
        "all zero": few.assign({n: 0 * few[n] for n in numbers(few)}),
        "no values": few.assign({n: np.nan * few[n] for n in numbers(few)}),
    }


def written(figure):
    """Every text that is drawn, with its box in pixels."""
    drawn, draw = [], Text.draw

    def record(self, *arguments):
        drawn.append(self)
        return draw(self, *arguments)

    figure.draw_without_rendering()  # the layout
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", record)
        figure.draw_without_rendering()
    out = []
    for text in dict.fromkeys(drawn):
        if text.get_visible() and text.get_text().strip():
            box, lines = Text.get_window_extent(text), text.get_text().split("\n")
            empty = len(lines) - len("\n".join(lines).rstrip().split("\n"))  # a title keeps room for a key under it
            low = box.y0 + box.height * empty / len(lines)
            out.append((text.get_text().strip(), Bbox([[box.x0, low], [box.x1, box.y1]])))
    return out


def overlaps(figure):
    boxes = written(figure)
    found = []
    for i, (a, box) in enumerate(boxes):
        for b, other in boxes[:i]:
            wide = min(box.x1, other.x1) - max(box.x0, other.x0)
            high = min(box.y1, other.y1) - max(box.y0, other.y0)
            if wide > 1 and high > 2:
                found.append((a, b, round(wide), round(high)))
    return found


def outside(figure):
    width, height = figure.get_size_inches() * figure.dpi
    return [t for t, b in written(figure) if b.x0 < -2 or b.y0 < -2 or b.x1 > width + 2 or b.y1 > height + 2]


CASES = ("twelve scenarios", "one scenario", "one replicate", "all zero", "no values")


@pytest.mark.slow
@pytest.mark.verify
@pytest.mark.parametrize("case", CASES)
def test_nothing_written_overlaps_or_leaves_the_page(twelve, case):
    ds, wrong, refusals = worst(twelve)[case], {}, {}
    for name in effort(BRIEF, plot.NAMES):
        with canvas.drawing():
            try:
                figure = plot.draw(ds, name)
            except es.EnforceSimError as reason:
                refusals[name] = str(reason)
                continue
            found = overlaps(figure) + outside(figure)
            if found:
                wrong[name] = found
    assert wrong == {}
    assert len(refusals) <= 3
    assert case != "twelve scenarios" or set(refusals) <= {"claims"}


def test_overlaps_would_be_seen():
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots()
    axes.text(0.5, 0.5, "a word", transform=axes.transAxes)
    assert overlaps(figure) == [] and outside(figure) == []
    axes.text(0.52, 0.5, "another", transform=axes.transAxes)
    axes.text(0.95, 0.9, "a long text that leaves the page", transform=axes.transAxes)
    assert len(overlaps(figure)) == 1 and len(outside(figure)) == 1


def test_numbers_beyond_the_axis_do_not_overlap(twelve):
    """Of six scenarios beside the baseline one outcome lies beyond the axis on the right, one on the left."""
    names = [str(n) for n in twelve.scenario.values][1:7]
    ds = twelve.sel(scenario=["status_quo", *names])
    for i, name in enumerate(names):
        ds["summary.minor_days"].loc[name] = ds["summary.minor_days"].sel(scenario="status_quo") * (20 + i)
        ds["summary.fear"].loc[name] = ds["summary.fear"].sel(scenario="status_quo") * 0.01 * (i + 1)
    with canvas.drawing():
        shown = [t for pair in overlaps(plot.forest(ds)) for t in pair[:2]]
    assert shown == []


def test_the_lowest_panel_of_each_column_has_its_years(twelve):
    """Six panels in rows of four: those of the third and fourth column stand above nothing."""
    with canvas.drawing():
        figure = plot.series(twelve.isel(scenario=slice(6)), "minor_prevalence")
    figure.draw_without_rendering()
    named = [bool(axes.get_xlabel()) for axes in figure.axes if axes.get_visible()]
    ticks = [any(t.label1.get_visible() for t in a.xaxis.get_major_ticks()) for a in figure.axes if a.get_visible()]
    assert named == ticks == [False, False, True, True, True, True]


def test_long_names_keep_what_tells_them_apart():
    assert len({canvas._short(n, 40) for n in LONG}) == len(LONG)
    for name in LONG:
        lines = canvas.wrapped(name, 24).split("\n")
        assert "".join(lines) == name and max(map(len, lines)) <= 24
    assert canvas.wrapped("x" * 500, 20, 2).endswith("…")
    assert canvas.wrapped("", 20) == ""


def test_two_scenarios_are_enough_and_one_is_told(twelve):
    one = twelve.isel(scenario=[0])
    for name in ("cost_effectiveness", "differences"):
        with pytest.raises(es.EnforceSimError, match="second scenario"):
            plot.draw(one, name)
    assert len(plot.draw(twelve.isel(scenario=slice(2)), "cost_effectiveness").axes) == 2
