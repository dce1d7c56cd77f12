"""Results files made to do harm: no name runs in a browser, steers a terminal or leaves its folder."""

from __future__ import annotations

import html.parser
import json
import os
import re
import shutil
import unicodedata
import warnings
from pathlib import Path

import enforcesim as es
import h5py
import numpy as np
import pytest
import synthetic
from analysis_support import command, no_figures, refused
from conftest import effort
from enforcesim import files, plot

#: Names as an attacker would choose them: for browsers, templates, terminals, file systems, matplotlib, printf and C.
HOSTILE = (
    "<script>alert(1)</script>", "</title><script>alert(2)</script>", "</style><script>alert(3)</script>",
    '"><img src=x onerror=alert(4)>', "'><svg/onload=alert(5)>", "<iframe src=javascript:alert(6)>",
    "<a href='javascript:alert(7)'>x</a>", "javascript:alert(8)//", "data:text/html,<script>alert(9)</script>",
    "<img src=//evil.example/x.png>", '" onmouseover="alert(10)', "' onfocus='alert(11)' autofocus='", "<!--", "-->",
    "<![CDATA[x]]>", "]]>", "&lt;script&gt;", "&#60;script&#62;", "&amp;amp;", "<base href=//evil.example>",
    "<meta http-equiv=refresh content=0;url=//evil.example>", "<link rel=stylesheet href=//evil.example/x.css>",
    "</pre><script>alert(12)</script>", "</details></section></main></body></html>", "<style>*{display:none}</style>",
    "{{ 7*7 }}", "{% raw %}", "{# note", "${7*7}", "#{7*7}", "{{ ''.__class__.__mro__ }}",
    "%s%n%x", "%(name)s", "{0.__class__}",
    "$\\frac{1}{$", "$x^2$", "\\includegraphics{/etc/passwd}", "\\n\\t\\x41", "../../etc/passwd", "/etc/passwd",
    "..\\..\\windows", "~root", ".hidden", "-rf", "_leading underscore", "a;rm -rf ~", "`id`", "$(id)", "|cat", "CON",
    "\x1b[2J\x1b]0;owned\x07", "\x1b]8;;http://evil.example\x1b\\x\x1b]8;;\x1b\\", "\x9b31mred", "line\nbreak\rreturn",
    "tab\tbell\x07back\x08", "\u202edesrever", "\u2066isolate\u2069", "zero\u200bwidth\ufeff", "line\u2028separator",
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629", "\u05e2\u05d1\u05e8\u05d9\u05ea",
    "\U0001f41f\U0001f469\u200d\U0001f52c", "e\u0301\u0301\u0301\u0301",
    "\U000e0041tag", "\ue000private", "'; DROP TABLE results; --", '"', "'", "`", "=1+1", "\u2044\u2215",
    "x" * 64, "nan", "0",
)  # fmt: skip

#: Those that scenarios have: `make verify` takes all, a twentieth stands for them in `make test`.
SCENARIOS = HOSTILE[:: effort(20, 1)]

#: What our own template is made of. Anything else came from a file.
ELEMENTS = """html head meta title style body header h1 p nav ul li a main section h2 h3 dl dt dd strong figure img
    figcaption div table caption thead tbody tr th td span wbr article q details summary code pre
    link script noscript label select optgroup option fieldset legend input output h4"""
ATTRIBUTES = """lang charset http-equiv content name class href id aria-label aria-labelledby src alt tabindex role
    scope colspan open rel hidden label for selected type checked min value step autocomplete data-print data-who
    data-verdict aria-live"""


def shown(name: str) -> str:
    return files.text(name)


def is_plain(text: str) -> bool:
    """No character that steers a terminal or turns or hides text: line ends apart."""
    return not [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")]


class Page(html.parser.HTMLParser):
    """Elements, attributes and text of a page, which must nest as ours does."""

    VOID = ("meta", "img", "wbr", "link", "input")

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements, self.text, self.open, self.policy = [], [], [], ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert tag in ELEMENTS.split(), tag
        given = dict(attrs)
        assert len(given) == len(attrs) and set(given) <= set(ATTRIBUTES.split()), attrs
        assert given.get("href", "#").startswith("#") or given == {"rel": "icon", "href": "data:,"}, attrs
        assert given.get("src", "data:image/").startswith("data:image/"), attrs
        if "http-equiv" in given:
            assert given["http-equiv"] == "Content-Security-Policy" and not self.policy
            self.policy = given["content"]
        self.text.append(given.get("label", ""))
        self.elements.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    def handle_pi(self, data):
        raise AssertionError(f"an instruction: {data}")

    def unknown_decl(self, data):
        raise AssertionError(f"a declaration: {data}")


def spoil(path, scenarios, name_of):
    """A file whose every text is name_of(number), a new number each time."""
    kept = iter(range(1_000_000))
    synthetic.write(path, replicates=2, scenarios=scenarios, horizon=360, title=name_of(next(kept)))
    with h5py.File(path, "a") as file:
        for name in (
            "study",
            "program_version",
            "model_version",
            "git_commit",
            "seed_text",
            "digest",
            "created",
            "history",
            "compiler",
        ):
            file.attrs[name] = name_of(next(kept)).replace("\0", "")
        items = []
        file.visititems(lambda _, item: items.append(item) if isinstance(item, h5py.Dataset) else None)
        for item in items:
            for about in ("units", "long_name", "source", "role", "default", "submodel"):
                if about in item.attrs:
                    item.attrs[about] = name_of(next(kept)).replace("\0", "")
        file["policy"][...] = [name_of(i) for i in range(len(scenarios))]
        file["config/text"][()] = "\n".join(name_of(i) for i in range(len(HOSTILE)))
        for i in range(len(HOSTILE)):
            safe = name_of(i).replace("/", "|").replace("\0", "")
            if safe not in file["parameters"] and safe not in (".", ""):
                file["parameters"].create_dataset(safe, data=1.0)
    return path


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Every name as that of a parameter, and each somewhere as title, label, unit or source; many as scenarios."""
    path = tmp_path_factory.mktemp("hostile") / "x.h5"
    return spoil(path, SCENARIOS, lambda i: HOSTILE[i % len(HOSTILE)])


def test_there_are_enough_names():
    assert len(HOSTILE) >= 50 and len({shown(n) for n in HOSTILE}) == len(HOSTILE)
    assert not is_plain("\x1b") and not is_plain("\u202e") and not is_plain("\x9b")


@pytest.mark.slow
@pytest.mark.verify
def test_no_name_becomes_part_of_the_page(hostile, tmp_path, no_figures):
    with es.open(hostile) as ds:
        text = es.report(ds, tmp_path / "x.html").read_text("utf-8")
    page = Page(text)
    assert is_plain(text.replace("\t", " "))  # the configuration keeps its tabs
    assert page.policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in page.policy and page.policy.count("'sha256-") == 2
    assert text.count("<script") == text.count("</script") == page.elements.count("script") == 2
    data = re.search(r'id="data">(.*?)</script>', text).group(1)
    assert not set("<>&") & set(data)
    # As many elements of each kind as with names that do no harm: none came from a name.
    harmless = spoil(
        tmp_path / "y.h5", tuple(f"name{i}" for i in range(len(SCENARIOS))), lambda i: f"name{i % len(HOSTILE)}"
    )
    with es.open(harmless) as ds:
        other = Page(es.report(ds, tmp_path / "y.html").read_text("utf-8"))
    without_breaks = [e for e in page.elements if e != "wbr"]
    assert without_breaks == [e for e in other.elements if e != "wbr"]
    # And every name is there, as text.
    words = "".join(page.text) + json.dumps(json.loads(data), ensure_ascii=False).replace("\\\\", "\\")
    for name in HOSTILE:
        assert shown(name) in words, name


@pytest.mark.slow
@pytest.mark.verify
def test_tables_and_verdicts_do_not_steer_a_terminal(hostile):
    for name in ("table", "claims")[: effort(1, 2)]:  # a report holds the claims, too
        result = command(name, hostile)
        assert result.returncode == 0, result.stderr
        assert is_plain(result.stdout) and result.stderr == ""
    for arguments in (("--scenario", "\x1b[2J"), ("--baseline", "\u202enobody")):
        result = command("table", hostile, *arguments)
        refused(result)
        assert is_plain(result.stderr)


def everything(folder):
    return {p: p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


@pytest.mark.slow
@pytest.mark.verify
def test_figures_take_any_name_and_stay_in_their_folder(tmp_path):
    """Four scenarios at a time, in one figure; with `make verify`, all names in turn, in the whole set of figures."""
    worst = ("$\\frac{1}{$", "_leading \U0001f41f", "\x1b[2J\x1b]0;owned\x07", "<script>alert(1)</script>")
    turns = effort([worst], [HOSTILE[i : i + 4] for i in range(0, len(HOSTILE), 4)])
    for turn, names in enumerate(turns):
        folder, path = tmp_path / f"out{turn}", tmp_path / f"x{turn}.h5"
        spoil(path, tuple(names), lambda i, names=names: names[i % len(names)])
        before = everything(tmp_path)
        metrics = effort(("fear",), ())
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # nothing is to be said on stderr either
            result = command("plot", path, "-o", folder, "--format", effort("svg", "png"), *metrics)
        assert result.returncode == 0, result.stderr
        assert is_plain(result.stdout) and result.stderr == ""
        after = everything(tmp_path)
        assert {k: v for k, v in after.items() if k != folder and folder not in k.parents} == before
        assert len(after) > len(before)


def test_letters_that_no_font_has_are_measured_without_a_word(tmp_path):
    spoil(tmp_path / "x.h5", ("\U0001f41f", "\U0001f469\u200d\U0001f52c"), lambda i: "fish")
    with es.open(tmp_path / "x.h5") as ds, warnings.catch_warnings():
        warnings.simplefilter("error")
        es.plot.tradeoff(ds)


@pytest.mark.slow
@pytest.mark.verify
def test_metrics_of_any_name_are_drawn_into_the_folder(tmp_path):
    metrics = ("..", "..\\x", "a\x1b[31mb", "$\\frac$", ".hidden", "-rf", "a b\nc", "\u202efdp")
    path = synthetic.write(tmp_path / "x.h5", replicates=2, scenarios=("status_quo",), horizon=60)
    with h5py.File(path, "a") as file:
        for name in metrics:
            file.copy("fear", file, name)
            file.copy("summary/fear", file["summary"], name)
            for place in (file, file["summary"]):
                for i, dim in enumerate(("scenario", "replicate", "time")[: place[name].ndim]):
                    place[name].dims[i].attach_scale(file[dim])
    before = everything(tmp_path)
    for name in metrics[:: effort(4, 1)]:
        result = command("plot", path, "-o", tmp_path / "out", "--format", "svg", name)
        assert "Traceback" not in result.stderr and is_plain(result.stdout + result.stderr)
        assert result.returncode == 0 or result.stderr.count("\n") == 1
    after = everything(tmp_path)
    outside = {k: v for k, v in after.items() if k != tmp_path / "out" and tmp_path / "out" not in k.parents}
    assert outside == before
    assert {p.suffix for p in (tmp_path / "out").iterdir()} == {".svg"}


# ---- files that lead elsewhere or claim what is not so --------------------------------------------------


def external_link(file):
    file["summary"]["bait"] = h5py.ExternalLink("bait.h5", "/fear")


def external_link_as_a_group(file):
    del file["summary"]
    file["summary"] = h5py.ExternalLink("bait.h5", "/summary")


def external_link_to_a_system_file(file):
    file["design"] = h5py.ExternalLink("/etc/passwd", "/")


def soft_link(file):
    file["config"]["moved"] = h5py.SoftLink("/fear")


def soft_links_in_a_circle(file):
    file["one"], file["two"] = h5py.SoftLink("/two"), h5py.SoftLink("/one")


def soft_link_by_way_of_another_file(file):
    file["config"]["deep"] = h5py.SoftLink("/summary/bait/x")


def external_storage(file):
    del file["fear"]
    file.create_dataset("fear", (4, 2, 9), "f8", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def external_storage_deep_down(file):
    file.create_group("config/a/b/c").create_dataset("x", (8,), "u1", external=[("/etc/passwd", 0, 8)])


def virtual(file):
    layout = h5py.VirtualLayout((4, 2), "f8")
    layout[...] = h5py.VirtualSource("bait.h5", "/summary/fear", (4, 2))
    del file["summary/fear"]
    file["summary"].create_virtual_dataset("fear", layout)


def huge(file):
    del file["fear"]
    file.create_dataset("fear", (1 << 20, 1 << 20, 1 << 20), "f8", chunks=(1, 1, 64))


def never_written(file):
    file.create_dataset("more", (4, 10_000_000, 9), "f8", chunks=(1, 1000, 9), compression="gzip")


def other_filter(file):
    file.create_dataset("more", data=np.zeros(9), chunks=(9,), compression="lzf")


def twice_compressed(file):
    made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    made.set_chunk((9,))
    made.set_deflate(9)
    made.set_deflate(9)
    h5py.h5d.create(file.id, b"more", h5py.h5t.NATIVE_DOUBLE, h5py.h5s.create_simple((9,)), made)


def long_name(file):
    file["scenario"][...] = ["x" * 100_000, "b", "c", "d"]


def same_names(file):
    file["scenario"][...] = ["a", "a\x1b", "c", "d"]


def no_name(file):
    file["scenario"][...] = ["a", "\x1b", "c", "d"]


LEADING_ASTRAY = (
    external_link, external_link_as_a_group, external_link_to_a_system_file, soft_link, soft_links_in_a_circle,
    soft_link_by_way_of_another_file, external_storage, external_storage_deep_down, virtual, huge, never_written,
    other_filter, twice_compressed, long_name, same_names, no_name,
)  # fmt: skip


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    synthetic.write(folder / "bait.h5", replicates=2, horizon=60)
    return synthetic.write(folder / "sound.h5", replicates=2, horizon=60)


def open_files():
    """Paths that this process has open."""
    entries = [entry for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]
    return [str(entry.readlink()) for entry in entries if entry.is_symlink()]


@pytest.mark.parametrize("change", LEADING_ASTRAY, ids=lambda change: change.__name__)
def test_what_leads_elsewhere_is_refused(sound, change):
    path = sound.with_name("x.h5")
    path.write_bytes(sound.read_bytes())
    with h5py.File(path, "a", libver="v110") as file:
        change(file)
    with pytest.raises(es.EnforceSimError) as said:
        es.open(path)
    assert str(path) in str(said.value) and is_plain(str(said.value)) and len(str(said.value)) < 500
    path.rename(path.with_suffix(".done"))
    assert not [name for name in open_files() if name.startswith(str(path.parent))]


@pytest.mark.slow
@pytest.mark.verify
def test_crowds_and_mazes_are_borne(sound):
    path = sound.with_name("x.h5")
    path.write_bytes(sound.read_bytes())
    with h5py.File(path, "a", libver="v110") as file:
        group = file
        for _ in range(500):
            group = group.create_group("deep")
        group["root"] = file["/"]  # hard links in a circle
        file["deep"]["again"] = file["/summary"]
        for i in range(effort(300, 20_000)):
            file["fear"].attrs[f"attribute {i}"] = i
    es.open(path).close()


# ---- files that make no sense ---------------------------------------------------------------------------

NONSENSE = {
    "horizon": "soon", "burn_in": np.array([1.0, 2.0]), "record_every": "\x1b", "study": 7, "title": np.float64("nan"),
    "seed_text": np.array([1, 2]), "history": b"\xff\xfe", "digest": "", "created": np.int8(3), "baseline": "<b>",
}  # fmt: skip


def assert_said_in_words(path, page):
    """A result or one line, whatever the file holds. A report has in it what the other two print."""
    words = (("report", path, "-o", page), ("table", path), ("claims", path))
    for arguments in words[: effort(1, 3)]:
        result = command(*arguments)
        if result.returncode != 0:
            refused(result)
        assert is_plain(result.stdout + result.stderr)


@pytest.mark.slow
@pytest.mark.verify
@pytest.mark.parametrize("attribute", list(NONSENSE)[:: effort(5, 1)])
def test_attributes_that_make_no_sense(sound, tmp_path, no_figures, attribute):
    path = sound.with_name("x.h5")
    path.write_bytes(sound.read_bytes())
    with h5py.File(path, "a") as file:
        file.attrs[attribute] = NONSENSE[attribute]
    assert_said_in_words(path, tmp_path / "x.html")


def swap(name, values):
    def change(file):
        about = dict(file[name].attrs) if name in file else {}
        if name in file:
            del file[name]
        file[name] = values
        for key in ("units", "long_name"):
            if key in about:
                file[name].attrs[key] = about[key]

    return change


MEANINGLESS = {
    "no time": lambda file: file.pop("time"),
    "time in words": swap("time", np.array(["x"] * 15, dtype=object)),
    "scenarios as numbers": swap("scenario", np.arange(4)),
    "replicates in words": swap("replicate", np.array(["x", "y"], dtype=object)),
    "a metric in words": swap("fear", np.array(["x"], dtype=object)),
    "a metric of one number": swap("fear", 3.0),
    "a summary of one number": swap("summary/fear", 3.0),
    "phases that are text": swap("config/phase_day", np.array(["x"] * 4, dtype=object)),
    "phases of nobody": swap("config/phase_scenario", np.array([99, -1, 3, 2], dtype=np.int32)),
    "fewer phases": swap("config/phase_day", np.zeros(1, np.int32)),
    "configuration in numbers": swap("config/text", np.arange(3)),
    "a group for a metric": lambda file: (file.pop("fear"), file.create_group("fear")),
    "a metric for a group": swap("config", 1.0),
    "a reference": swap("fear", np.array([h5py.Reference()], dtype=h5py.ref_dtype)),
}


@pytest.mark.slow
@pytest.mark.verify
@pytest.mark.parametrize("kind", list(MEANINGLESS)[:: effort(5, 1)])
def test_contents_that_make_no_sense(sound, tmp_path, no_figures, kind):
    path = sound.with_name("x.h5")
    path.write_bytes(sound.read_bytes())
    with h5py.File(path, "a") as file:
        MEANINGLESS[kind](file)
    assert_said_in_words(path, tmp_path / "x.html")


def test_every_figure_is_of_a_metric_that_we_know():
    assert plot.known_metrics() <= set(synthetic.METRICS)


def test_nothing_is_written_over_results(sound, tmp_path, no_figures):
    """Nor over those of another study."""
    copy, other = tmp_path / "named.html", tmp_path / "other.h5"
    for path in (copy, other):
        shutil.copy(sound, path)
    before = copy.read_bytes()
    refused(command("report", copy), "named.html: is a results file; name another file")
    refused(command("report", copy, "-o", other), "other.h5: is a results file; name another file")
    assert copy.read_bytes() == other.read_bytes() == before


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.h5")
    for verb in ("table", "claims", "plot", "report"):
        refused(command(verb, tmp_path / "pipe.h5"), "pipe.h5: is a pipe, a device or the like")
