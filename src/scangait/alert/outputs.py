"""Every way to carry alerts, by the scheme of the target; any form of alert goes with any of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from scangait.alert.file import FileOutput, Standard
from scangait.alert.formats import FORMATS, Format
from scangait.alert.output import Output
from scangait.alert.syslog import Syslog


@dataclass(frozen=True, slots=True)
class Choices:
    """What an output may be told beside its target; each takes what concerns it."""

    rotate_bytes: int = 0
    rotate_seconds: int = 0
    token: Path | None = None


Opener = Callable[[str, Format, Choices, bool], Output]


def _file(target: str, form: Format, choices: Choices, resumed: bool) -> Output:
    return FileOutput(
        Path(target.removeprefix("file://")),
        form,
        rotate_bytes=choices.rotate_bytes,
        rotate_seconds=choices.rotate_seconds,
        resumed=resumed,
    )


def _standard(target: str, form: Format, choices: Choices, resumed: bool) -> Output:
    del target, choices, resumed
    return Standard(form)


def _syslog(target: str, form: Format, choices: Choices, resumed: bool) -> Output:
    del choices, resumed
    parts = urlsplit(target)
    return Syslog(parts.hostname or "", parts.port or 0, form, stream=parts.scheme == "tcp")


def _webhook(target: str, form: Format, choices: Choices, resumed: bool) -> Output:
    del resumed
    from scangait.alert.webhook import Webhook  # http.client costs as much as all the rest here

    return Webhook(target, form, token=choices.token)


CARRIERS: Final[dict[str, Opener]] = {
    "": _file,
    "file": _file,
    "-": _standard,
    "udp": _syslog,
    "tcp": _syslog,
    "http": _webhook,
    "https": _webhook,
}


def open_output(spec: str, choices: Choices | None = None, *, resumed: bool = False) -> Output:
    """The output of FORM=TARGET, for example ecs=/var/log/alerts.json, cef=udp://127.0.0.1:514, text=-.

    When `resumed`, files leave out the alerts that they hold. Raises ValueError where it is not of that form,
    OutputError where the target cannot be opened.
    """
    form, target, scheme = parsed(spec)
    return CARRIERS[scheme](target, FORMATS[form], choices or Choices(), resumed)


def parsed(spec: str) -> tuple[str, str, str]:
    """(form, target, scheme of the target) of FORM=TARGET. Raises ValueError with what to write instead.

    >>> parsed("cef=udp://127.0.0.1:514")
    ('cef', 'udp://127.0.0.1:514', 'udp')
    """
    form, sign, target = spec.partition("=")
    if not sign or form not in FORMATS or not target:
        raise ValueError(f"output {spec!r}: write FORM=TARGET; the forms are {', '.join(FORMATS)}")
    scheme = "-" if target == "-" else target.partition("://")[0] if "://" in target else ""
    if scheme not in CARRIERS:
        raise ValueError(f"output {spec!r}: the target is a file, - or one of udp, tcp, http, https://")
    if scheme in {"udp", "tcp", "http", "https"}:
        try:
            parts = urlsplit(target)
            good = bool(parts.hostname) and (parts.port is not None or scheme.startswith("http"))
        except ValueError:
            good = False
        if not good or "@" in parts.netloc:
            raise ValueError(f"output {spec!r}: write {scheme}://HOST:PORT without a user name")
    return form, target, scheme
