"""scangait order: the first targets of a scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scangait.errors import ScannerError

if TYPE_CHECKING:
    from scangait.telescope import Telescope


def _ports(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, ...]:
    del ctx, param
    from scangait.simulate.scenario import ports_of

    try:
        return ports_of(value)
    except ScannerError as error:
        raise click.BadParameter(str(error)) from None


def _shard(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, int]:
    del ctx, param
    from scangait.simulate.scenario import shard_of

    try:
        return shard_of(value)
    except ScannerError as error:
        raise click.BadParameter(str(error)) from None


def _prefixes(ctx: click.Context, param: click.Parameter, value: str | None) -> Telescope | None:
    del ctx, param
    from scangait.telescope import telescope

    return telescope(value) if value else None


@click.command(short_help="Print the first targets of a scan.")
@click.argument("tool", metavar="TOOL[:VERSION]")
@click.option("--seed", required=True, type=click.IntRange(0), help="What the tool was given as --seed.")
@click.option("--targets", default="0.0.0.0/0", show_default=True, callback=_prefixes, help="Prefixes to scan.")
@click.option("--blocklist", callback=_prefixes, metavar="PREFIXES", help="Prefixes the tool was told to leave out.")
@click.option("--ports", default="80", show_default=True, callback=_ports, help="Ports, in the order given.")
@click.option("--shard", default="0/1", show_default=True, callback=_shard, help="Which shard of how many, from 0.")
@click.option("-n", "count", default=20, show_default=True, type=click.IntRange(1), help="How many targets.")
def command(
    tool: str,
    seed: int,
    targets: Telescope,
    blocklist: Telescope | None,
    ports: tuple[int, ...],
    shard: tuple[int, int],
    count: int,
) -> None:
    """Print the first targets of a scan by TOOL (zmap:2.1.1, zmap:4.3, masscan:1.3.2) as address,port lines.

    The address 0.0.0.0 is never a target of ZMap. Nothing is sent.
    """
    from itertools import islice

    from scangait.scanners.orders import scanner_of
    from scangait.scanners.scanner import Scan
    from scangait.telescope import dotted, telescope, without

    scanner, version = scanner_of(tool)
    if scanner.targets is None:
        raise ScannerError(f"{scanner.name} has no order that a seed decides; zmap and masscan have")
    allowed = without(targets, blocklist) if blocklist else targets
    if scanner.name == "zmap" and allowed.first[0] == 0:
        allowed = without(allowed, telescope("0.0.0.0/32"))
    own, total = shard
    scan = Scan(version=version, targets=allowed, ports=ports, seed=seed, shard=own, shards=total)
    for address, port in islice(scanner.targets(scan, 0), count):
        click.echo(f"{dotted(address)},{port}")
