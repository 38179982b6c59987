"""The command line: one file per command, loaded when it is called."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from typing import Final

import click

from scangait.errors import ScangaitError

COMMANDS: Final = {
    "identify": "Say which tool makes each scan in a capture.",
    "watch": "Say who is scanning now: alerts while probes come in.",
    "learn": "Learn a library from labelled probes.",
    "evaluate": "Run the paper's protocol on labelled probes.",
    "label": "Name the tool of each probe by its header marks or a list of sources.",
    "show": "Show a saved result again.",
    "order": "Print the first targets of a scan, exactly as the tool would.",
    "simulate": "Write what a telescope would see of a scan (simulated data).",
}
"""Name and help of each command; its code is in the file of that name."""
YOUNG: Final = 50_000
"""New objects after which garbage is collected: with Python's 700 that takes a tenth of a start, which makes none."""


class Lazy(click.Group):
    """A group whose commands are imported only when they are called, so that --help is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"scangait.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="scangait", prog_name="scangait")
def cli(debug: bool) -> None:
    """Tell which network scanner is probing a darknet, from its gait.

    Shell completion: eval "$(_SCANGAIT_COMPLETE=bash_source scangait)" (or zsh_source, fish_source).
    """
    del debug


def main() -> None:
    """Run a command; an error in the data is one line and exit code 1, wrong usage is exit code 2."""
    gc.set_threshold(YOUNG)
    debug = "--debug" in sys.argv
    arguments = [word for word in sys.argv[1:] if word != "--debug"]
    try:
        cli.main(arguments, prog_name="scangait", standalone_mode=True)
    except ScangaitError as error:
        if debug:
            raise
        click.echo(f"scangait: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    finally:
        gc.freeze()  # the process ends: nothing needs to be looked through for garbage once more
