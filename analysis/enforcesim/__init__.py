"""EnforceSim's results in Python: open, run, compare, judge claims, plot, report.

>>> import enforcesim as es
>>> ds = es.open("results/essay.h5")          # doctest: +SKIP
>>> ds = es.run("configs/essay.cfg", replicates=20, set={"parameters.police.leak": 0.1})  # doctest: +SKIP
>>> es.compare(ds, baseline="status_quo")     # doctest: +SKIP
"""

from . import plot
from .claims import claims
from .compare import compare
from .export import export, frame
from .files import EnforceSimError, open, parameters, phases, summary
from .report import report
from .running import EnforceSimWarning, Progress, run
from .table import table
from .tables import metrics, params, problem

__version__ = "0.1.0"
__all__ = [
    "EnforceSimError",
    "EnforceSimWarning",
    "Progress",
    "claims",
    "compare",
    "export",
    "frame",
    "metrics",
    "open",
    "parameters",
    "params",
    "phases",
    "plot",
    "problem",
    "report",
    "run",
    "summary",
    "table",
]
