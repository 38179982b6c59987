"""scangait simulate: what a telescope would see of a scan."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scangait.cli import options

if TYPE_CHECKING:
    from scangait.probes import Probes
    from scangait.simulate.scenario import Scenario
    from scangait.telescope import Telescope

START_S = 1_767_225_600
"""2026-01-01T00:00:00Z."""


@click.command(short_help="Simulate what a telescope sees of a scan.")
@options.scope
@click.option("--scanner", "tool", metavar="TOOL[:VERSION]", help="For example zmap:4.3.4, masscan:1.0.5 or nmap.")
@click.option("--scenario", "file", type=click.Path(dir_okay=False), help="A TOML file of many scans instead.")
@click.option("--rate", type=float, help="Packets per second; without it the tool's own.")
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0), help="Of the tool and of everything drawn."
)
@click.option("--targets", default="0.0.0.0/0", show_default=True, metavar="PREFIXES", help="What is scanned.")
@click.option("--blocklist", metavar="PREFIXES", help="What is left out; `default` for ZMap's default list.")
@click.option("--ports", default="80", show_default=True, help="As 22,80,8000-8010.")
@click.option("--shard", default="0/1", show_default=True, help="Which shard of how many, from 0.")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Sender threads (ZMap).")
@click.option("--probes", default=1, show_default=True, type=click.IntRange(1), help="Packets per target.")
@click.option("--sources", default=1, show_default=True, type=click.IntRange(1), help="Source addresses, or bots.")
@click.option("--mode", default="", help="A tool's own way: T4, randomize-hosts or iR of nmap.")
@click.option("--duration", "duration_s", type=float, help="Seconds; without it until the scan ends, 30 days at most.")
@click.option("--loss", default=0.0, show_default=True, help="Share of the packets lost on the way.")
@click.option("--jitter", "jitter_s", default=0.0, show_default=True, help="Mean lateness of a packet in seconds.")
@click.option("--noise", default=0.0, show_default=True, help="Random background probes per second.")
@click.option("--output", "-o", required=True, type=click.Path(dir_okay=False), help="A .pcap, .parquet or .csv file.")
@options.as_json
@options.quiet
def command(
    scope: Telescope | None, file: str | None, noise: float, output: str, *, as_json: bool, quiet: bool, **words: Any
) -> None:
    """Write what a telescope would see of a scan: simulated data, packet for packet as the tool sends them.

    Nothing is sent. Every probe is labelled with its tool in .parquet and .csv files.
    """
    from scangait.simulate.scenario import Scenario, scenario, wish

    if file:
        wanted = scenario(Path(file))
    elif scope is None or not words["tool"]:
        raise click.UsageError("give --telescope PREFIXES and --scanner TOOL, or --scenario FILE")
    else:
        seconds = words["duration_s"] or 30 * 86400.0
        given = {key: value for key, value in words.items() if value is not None}
        one = wish(given, START_S * 10**9, seconds)
        wanted = Scenario(scope, START_S * 10**9, seconds, (one,), noise)
    with options.working("simulating", quiet=quiet):
        probes = _probes(wanted, words["seed"])
        _write(Path(output), probes)
    assert probes.label is not None
    counts = dict(Counter(probes.label.tolist()))
    if as_json:
        click.echo(json.dumps({"simulated": True, "output": output, "probes": len(probes), "labels": counts}))
    elif not quiet:
        named = ", ".join(f"{count} of {name or 'noise'}" for name, count in sorted(counts.items()))
        click.echo(f"simulated data: {len(probes)} probes ({named or 'none'}) in {output}")
        for text in sorted(
            {f"{one.scanner.name}: {one.scanner.modelled}" for one in wanted.wishes if one.scanner.modelled}
        ):
            click.echo(text)


def _probes(wanted: Scenario, seed: int) -> Probes:
    import numpy as np

    from scangait.simulate.view import mixed, noise, simulate

    rng = np.random.default_rng(seed)
    parts = [
        simulate(one.scanner, one.scan, wanted.scope, rng, loss=one.loss, jitter_s=one.jitter_s)
        for one in wanted.wishes
    ]
    if wanted.noise:
        parts.append(noise(wanted.scope, wanted.noise, wanted.seconds, wanted.start_ns, rng))
    return mixed(parts)


def _write(path: Path, probes: Probes) -> None:
    from scangait.capture.parquet_write import write_csv, write_parquet
    from scangait.capture.pcap_write import write_pcap

    if path.suffix == ".pcap":
        write_pcap(path, probes)
    elif path.suffix == ".parquet":
        write_parquet(path, [probes])
    elif path.suffix == ".csv":
        write_csv(path, probes)
    else:
        raise click.BadParameter(f"{path}: the name must end in .pcap, .parquet or .csv", param_hint="--output")
