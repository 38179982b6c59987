"""scangait recognises network scanners by their gait: how a scan walks over addresses and through time.

>>> import scangait as sg
>>> probes = sg.read("examples/captures/zmap-p80-r400-s2035525363.pcap.gz")
>>> [(verdict.label, verdict.version) for verdict in sg.identify(probes, sg.Library.bundled())]
[('zmap', '<=2.1')]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scangait.capture import load, read
    from scangait.errors import ScangaitError
    from scangait.evidence.library import Library
    from scangait.probes import Probes
    from scangait.recipe import Recipe
    from scangait.recognise.classify import identify
    from scangait.recognise.evaluate import evaluate
    from scangait.recognise.learn import learn
    from scangait.recognise.results import Evaluation, Identification, Verdict
    from scangait.telescope import Telescope

_HOME = {
    "Evaluation": "recognise.results",
    "Identification": "recognise.results",
    "Library": "evidence.library",
    "Probes": "probes",
    "Recipe": "recipe",
    "ScangaitError": "errors",
    "Telescope": "telescope",
    "Verdict": "recognise.results",
    "evaluate": "recognise.evaluate",
    "identify": "recognise.classify",
    "learn": "recognise.learn",
    "load": "capture",
    "read": "capture",
}
"""Where each public name lives; it is imported when it is first asked for."""

__all__ = [
    "Evaluation",
    "Identification",
    "Library",
    "Probes",
    "Recipe",
    "ScangaitError",
    "Telescope",
    "Verdict",
    "evaluate",
    "identify",
    "learn",
    "load",
    "read",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that `import scangait` costs nothing."""
    if name not in _HOME:
        raise AttributeError(f"module 'scangait' has no attribute {name!r}")
    value = getattr(import_module(f"scangait.{_HOME[name]}"), name)
    globals()[name] = value
    return value
