"""EnforceSim's results in Python: open, run, compare, judge claims, plot, report.

>>> import enforcesim as es
>>> ds = es.open("results/essay.h5")          # doctest: +SKIP
>>> es.compare(ds, baseline="status_quo")     # doctest: +SKIP
"""

from . import plot
from .claims import claims
from .compare import compare
from .files import EnforceSimError, metrics, open, parameters, phases, run, summary
from .report import report
from .table import table

__version__ = "0.1.0"
__all__ = [
    "EnforceSimError",
    "claims",
    "compare",
    "metrics",
    "open",
    "parameters",
    "phases",
    "plot",
    "report",
    "run",
    "summary",
    "table",
]
