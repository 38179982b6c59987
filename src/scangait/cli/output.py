"""Where a result goes: the terminal, JSON lines, a saved document, a page."""

from __future__ import annotations

from pathlib import Path

import click

from scangait.recognise.results import Evaluation, Identification, encode, encode_lines


def deliver(
    document: Identification | Evaluation,
    *,
    as_json: bool,
    quiet: bool,
    save: Path | str | None,
    report: Path | str | None,
) -> None:
    """Write the files that were asked for, then print; the files come first so that a closed pipe costs nothing."""
    from scangait.capture.whole import whole_file

    if save:
        with whole_file(Path(save)) as out:
            out.write(encode(document))
    if report:
        from scangait.show.page import page

        with whole_file(Path(report)) as out:
            out.write(page(document).encode())
    if as_json:
        lines = document.verdicts if isinstance(document, Identification) else (document,)
        click.echo(encode_lines(lines), nl=False)
    elif not quiet:
        from rich.console import Console

        from scangait.show.text import print_text

        print_text(Console(highlight=False), document)
        if report:
            click.echo(f"Page with pictures: {report}")
