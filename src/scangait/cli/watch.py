"""scangait watch: probes as they come in, alerts out."""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from scangait.cli import options
from scangait.cli.config import Config, OutputConfig, checked, load_config, place, size
from scangait.errors import ConfigError

if TYPE_CHECKING:
    from scangait.alert.metrics import Metrics
    from scangait.cli.live import Session

PROGRAM_BYTES: Final = 320 << 20
"""What the program, its library and its kernels take of the memory before the first probe comes."""
LEAST_BYTES: Final = 32 << 20
HUNG_SECONDS: Final = 60
CHECKPOINT: Final = "checkpoint.npz"


@click.command(short_help="Say who is scanning now: alerts while probes come in.")
@click.argument("source", required=False)
@click.option("--config", type=click.Path(), help="A TOML file that says all of this (docs/outputs.md).")
@click.option("--telescope", metavar="PREFIXES", help="Dark prefixes, for example 198.51.100.0/24; needed.")
@click.option("--library", type=click.Path(), help="A library of your own; the bundled one otherwise.")
@click.option("--output", multiple=True, metavar="FORM=TARGET", help="Where alerts go, for example ecs=alerts.json.")
@click.option("--checkpoint", type=click.Path(), help="A folder to go on from after a stop, and to spool alerts in.")
@click.option("--checkpoint-seconds", type=click.IntRange(1), default=10, show_default=True)
@click.option("--memory", default="1G", show_default=True, help="What the program may take in all.")
@click.option("--sure", type=click.FloatRange(0, 1), default=0.9, show_default=True, help="Confidence that is news.")
@click.option("--metrics", metavar="HOST:PORT", default="", help="Serve /metrics and /health there.")
@click.option(
    "--all", "everything", is_flag=True, help="Say of short scans without a sure name, too, that they are over."
)
@click.option("--once", is_flag=True, help="Stop at the end of what is there now, and close every scan.")
@click.option("--mask", is_flag=True, help="Leave the telescope's addresses out of every output.")
@click.option("--json", "as_json", is_flag=True, help="Messages on standard error as JSON lines.")
@click.option("--check-config", is_flag=True, help="Say what would be done, and what is wrong; do nothing.")
@options.quiet
def command(
    source: str | None, config: str | None, *, sure: float, once: bool, as_json: bool, check_config: bool, quiet: bool,
    everything: bool,    **words: Any,
) -> None:  # fmt: skip
    """Watch SOURCE: "-", a capture that grows, a folder of captures, or interface:NAME."""
    if (source is None) == (config is None):
        raise click.UsageError("give a SOURCE or --config FILE, not both")
    chosen = load_config(Path(config)) if config else _config(source or "", words)
    if check_config:
        _say_checked(chosen)
        return
    if not chosen.telescope:
        raise ConfigError("a watch needs to know its telescope; give --telescope PREFIXES")
    log = _logger(as_json=as_json)
    _run(chosen, sure=sure, once=once, log=log, quiet=quiet, everything=everything)


def _config(source: str, words: Mapping[str, Any]) -> Config:
    """What the options say, as a configuration."""
    return Config(
        source=source,
        state=words["checkpoint"] or "",
        telescope=words["telescope"] or "",
        library=words["library"] or "",
        mask=words["mask"],
        memory=words["memory"],
        checkpoint_seconds=words["checkpoint_seconds"],
        metrics=words["metrics"],
        output=tuple(OutputConfig(to=to) for to in words["output"]),
    )


def _say_checked(config: Config) -> None:
    said, wrong = checked(config)
    for line in said:
        click.echo(line)
    for line in wrong:
        click.echo(f"wrong: {line}", err=True)
    if wrong:
        sys.exit(1)


def _logger(*, as_json: bool) -> Callable[[str], None]:
    from scangait.alert.dispatch import say

    def log(line: str) -> None:
        told = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "message": line}
        sys.stderr.write(msgspec.json.encode(told).decode() + "\n")
        sys.stderr.flush()

    return log if as_json else say


def _run(config: Config, *, sure: float, once: bool, log: Callable[[str], None], quiet: bool, everything: bool) -> None:
    """Open what is needed in this order: what is known, the source (and root is given up), the outputs."""
    from scangait.alert.dispatch import Dispatcher
    from scangait.alert.metrics import Metrics
    from scangait.alert.outputs import Choices
    from scangait.capture.follow import follow
    from scangait.cli.live import Session
    from scangait.evidence.library import Library
    from scangait.recognise.live import checkpoint
    from scangait.recognise.live.warm import warmed
    from scangait.recognise.live.watch import Watch
    from scangait.telescope import telescope

    library = Library.load(config.library) if config.library else Library.bundled()
    scope = telescope(config.telescope)
    memory = _for_streams(config)
    warmed(library, scope)
    watch, stop = Watch(library, scope, memory=memory, sure=sure), Flag()
    with ExitStack() as stack:
        state = Path(config.state or stack.enter_context(tempfile.TemporaryDirectory(prefix="scangait-")))
        file = state / CHECKPOINT if config.state else None
        mark = checkpoint.load(file, watch) if file else None
        stack.enter_context(_stopped_by_signals(stop))
        way_back = not (config.source == "-" or config.source.startswith("interface:") or Path(config.source).is_fifo())
        batches = follow(config.source, mark.position if mark else None, stop=stop, once=once, user=config.user)
        outputs = {
            one.to: Choices(size(one.rotate_bytes), one.rotate_seconds, Path(one.token) if one.token else None)
            for one in config.output
        }
        dispatcher = Dispatcher(
            outputs, state / "spool", mask=config.mask,
            resumed=mark.sequence if mark and way_back else None, limit=size(config.spool), log=log,
        )  # fmt: skip
        stack.callback(dispatcher.close)
        metrics, draw = Metrics(), stack.enter_context(_screen(config, quiet=quiet))
        session = Session(
            watch, dispatcher, mark or checkpoint.Mark(), file, seconds=config.checkpoint_seconds, way_back=way_back,
            everything=everything, log=log, metrics=metrics, draw=draw,
        )  # fmt: skip
        stack.enter_context(_served(config.metrics, metrics, session))
        session.keep()
        session.run(batches, stop)


def _for_streams(config: Config) -> int:
    """What the program leaves of the memory. Raises ConfigError where that is next to nothing."""
    left = size(config.memory) - PROGRAM_BYTES
    if left < LEAST_BYTES:
        least = (PROGRAM_BYTES + LEAST_BYTES) >> 20
        raise ConfigError(f"memory {config.memory!r}: the program takes most of it; give {least} MiB or more")
    return left


@contextmanager
def _stopped_by_signals(stop: Flag) -> Iterator[None]:
    """Stop cleanly on SIGTERM and SIGINT; a second one ends the program at once."""

    def ask(number: int, _: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        del number

    old = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


@contextmanager
def _screen(config: Config, *, quiet: bool) -> Iterator[Callable[[Session], None]]:
    """The live table, where standard output is a terminal that no alerts go to."""
    from rich.console import Console

    console = Console(highlight=False)
    if quiet or not console.is_terminal or any(one.to.endswith("=-") for one in config.output):
        yield lambda _: None
        return
    from rich.live import Live

    from scangait.show.live import screen

    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:

        def draw(session: Session) -> None:
            status = session.status(config.source)
            live.update(screen(session.seen(), status, console.width, console.height), refresh=True)

        yield draw


@contextmanager
def _served(where: str, metrics: Metrics, session: Session) -> Iterator[None]:
    """Metrics and health, where they are asked for."""
    if not where:
        yield
        return
    from scangait.alert.serve import Endpoint

    def health() -> tuple[bool, dict[str, object]]:
        age = time.monotonic() - session.ticked
        well = age < HUNG_SECONDS and not session.trouble
        return well, {"last_batch_seconds": round(age, 1), "checkpoint": session.trouble or "ok"}

    host, port = place(where)
    endpoint = Endpoint(metrics, health, host=host, port=port, refresh=session.refresh)
    try:
        yield
    finally:
        endpoint.close()
