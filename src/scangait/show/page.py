"""One self-contained HTML page for a result: no script, no request, light and dark."""

from __future__ import annotations

from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from scangait.recognise.results import Evaluation, Identification
from scangait.show import charts

PICTURED = 12
LISTED = 200


def page(document: Identification | Evaluation) -> str:
    """The page of one result; whatever a capture contains is escaped."""
    environment = Environment(
        loader=PackageLoader("scangait.show", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["utc"] = _utc
    kind = "identification" if isinstance(document, Identification) else "evaluation"
    trails = document.trails[:PICTURED] if isinstance(document, Identification) else ()
    by_scan = {verdict.scan: verdict for verdict in document.verdicts} if isinstance(document, Identification) else {}
    walks = [(by_scan[trail.scan], trail) for trail in trails]
    return environment.get_template(f"{kind}.html").render(d=document, charts=charts, walks=walks, listed=LISTED)


def _utc(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S")
