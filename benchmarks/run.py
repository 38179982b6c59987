"""Run every benchmark beside its peers and write the tables into docs/performance.md: `make bench`.

A benchmark is a module here with HEADER and rows(); one line below adds it. Names may be given to run only those.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from benchmarks.timing import machine, versions

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
PACKAGES = ("numpy", "numba", "hmmlearn", "scikit-learn", "dynamax", "jax", "pomegranate", "torch")
BENCHMARKS = {
    "score": "Scoring: ratios to ours, per observation and model",
    "baum_welch": "Baum-Welch: ratios to ours, per observation and iteration",
    "mixture": "Mixture EM: ratios to ours, per observation and iteration",
    "bound": "Share of the arithmetic bound",
    "agreement": "Agreement",
    "leaps": "Leaps of mixture EM on the paper's experiment",
    "warm": "Mixture EM from the fit with a cluster less",
    "paper": "The paper's whole experiment: CPU seconds",
}


def markdown(header: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    """A table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"
    return str(value)


def write(page: Path, name: str, text: str) -> None:
    """Replace what stands between the marks of one benchmark."""
    old = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->\n", f"<!-- end {name} -->"
    before, _, rest = old.partition(begin)
    _, _, after = rest.partition(end)
    fresh = page.with_suffix(".new")
    fresh.write_text(f"{before}{begin}{text}\n{end}{after}", encoding="utf-8")
    fresh.replace(page)


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all."""
    write(PAGE, "machine", f"{machine()}; {versions(*PACKAGES)}.")
    for name in names or BENCHMARKS:
        module = import_module(f"benchmarks.bench_{name}")
        table = markdown(module.HEADER, module.rows())
        print(f"{BENCHMARKS[name]}\n\n{table}\n", flush=True)
        write(PAGE, name, f"**{BENCHMARKS[name]}**\n\n{table}")


if __name__ == "__main__":
    main(sys.argv[1:])
