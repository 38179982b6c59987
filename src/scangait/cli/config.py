"""Configuration of a watch: one TOML file that says what is read, what is known, and where alerts go."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec

from scangait.errors import ConfigError, ScangaitError

UNITS: Final = {
    "": 1,
    "B": 1,
    "K": 2**10,
    "M": 2**20,
    "G": 2**30,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
}
Positive = Annotated[int, msgspec.Meta(ge=0)]


class OutputConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One output: `to` is FORM=TARGET; sizes may have units."""

    to: str
    rotate_bytes: str | Positive = 0
    rotate_seconds: Positive = 0
    token: str = ""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A watch: `source` is read, `state` is the folder of the checkpoint and the spools.

    `telescope` is needed; `library` is the bundled one where it is not given. `user` is who the program becomes once
    an interface is open. `memory` is what the program may take in all, `spool` the alerts of one output that
    wait on disk. `metrics` is HOST:PORT, "" for none.
    """

    source: str
    state: str
    telescope: str = ""
    library: str = ""
    user: str = ""
    mask: bool = False
    memory: str | Positive = "1 GiB"
    spool: str | Positive = "64 MiB"
    checkpoint_seconds: Annotated[int, msgspec.Meta(ge=1)] = 60
    metrics: str = "127.0.0.1:9464"
    output: tuple[OutputConfig, ...] = ()


def load_config(path: Path) -> Config:
    """Read a configuration. Raises ConfigError with the line or the field that is wrong."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: no TOML ({error}); docs/outputs.md has an example") from error
    try:
        return msgspec.convert(raw, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}; docs/outputs.md has an example") from error


def size(text: str | int) -> int:
    """Bytes of a size with or without a unit. Raises ConfigError.

    >>> size("1.5 MiB")
    1572864
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", str(text))
    if not found or found[2].upper() not in UNITS:
        raise ConfigError(f"size {text!r}: write for example 512 MiB")
    return int(float(found[1]) * UNITS[found[2].upper()])


def place(text: str) -> tuple[str, int]:
    """Host and port of HOST:PORT. Raises ConfigError.

    >>> place("127.0.0.1:9464")
    ('127.0.0.1', 9464)
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 <= int(port) < 65536:
        raise ConfigError(f"metrics {text!r}: write HOST:PORT, for example 127.0.0.1:9464")
    return host, int(port)


def checked(config: Config) -> tuple[list[str], list[str]]:
    """What the configuration means, a line each, and what is wrong with it; nothing is opened, written or sent."""
    said: list[str] = []
    wrong: list[str] = []
    for name, check in _checks(config):
        try:
            said.append(f"{name}: {check()}")
        except (ScangaitError, ValueError) as error:
            wrong.append(f"{name}: {error}")
    return said, wrong


def _checks(config: Config) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "source", lambda: _source(config.source)
    yield "telescope", lambda: _telescope(config.telescope)
    yield "library", lambda: _library(config.library)
    yield "state", lambda: _state(config.state)
    yield "user", lambda: _user(config.user)
    yield "memory", lambda: f"{size(config.memory):,} bytes in all, {size(config.spool):,} for each spool"
    yield "checkpoint", lambda: f"every {config.checkpoint_seconds} s"
    yield "metrics", lambda: "http://{}:{}/metrics".format(*place(config.metrics)) if config.metrics else "none"
    for number, output in enumerate(config.output, 1):
        yield f"output {number}", lambda output=output: _output(output)  # type: ignore[misc]


def _source(source: str) -> str:
    if source == "-":
        return "standard input"
    if source.startswith("interface:"):
        import socket

        name = source.removeprefix("interface:")
        if name not in {known for _, known in socket.if_nameindex()}:
            raise ConfigError(f"there is no interface {name!r} here")
        return f"interface {name}"
    path = Path(source)
    if not path.exists() or not os.access(path, os.R_OK):
        raise ConfigError(f"{source} is not there or may not be read")
    return f"{'folder' if path.is_dir() else 'capture'} {source}"


def _state(folder: str) -> str:
    if not folder:
        return "none: a watch that is broken off begins anew"
    return _writable(Path(folder), "a folder for the checkpoint and the spools")


def _telescope(prefixes: str) -> str:
    if not prefixes:
        raise ConfigError("a watch needs to know its telescope; write the dark prefixes")
    from scangait.telescope import telescope

    scope = telescope(prefixes)
    return f"{scope.size:,} addresses"


def _library(path: str) -> str:
    if not path:
        return "the bundled one"
    from scangait.evidence.library import Library

    Library.load(path)
    return path


def _user(user: str) -> str:
    if not user:
        return "whoever starts it"
    import pwd

    try:
        entry = pwd.getpwnam(user)
    except KeyError as error:
        raise ConfigError(f"there is no user {user!r} here") from error
    if entry.pw_uid == 0:
        raise ConfigError("is root; name an ordinary user")
    return user


def _output(output: OutputConfig) -> str:
    from scangait.alert.dispatch import shown
    from scangait.alert.outputs import parsed

    _, target, scheme = parsed(output.to)
    turned = size(output.rotate_bytes)
    if output.token and not os.access(output.token, os.R_OK):
        raise ConfigError(f"token {output.token} is not there or may not be read")
    if scheme in {"", "file"}:
        _writable(Path(target.removeprefix("file://")).parent, "a folder for alerts")
    rotation = [f"rotated at {turned:,} bytes"] if turned else []
    rotation += [f"rotated every {output.rotate_seconds} s"] if output.rotate_seconds else []
    return ", ".join([shown(output.to), *rotation])


def _writable(path: Path, what: str) -> str:
    """Whether the folder, or the nearest one above it that is there, may be written."""
    there = next((folder for folder in (path, *path.parents) if folder.exists()), path)
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise ConfigError(f"{path} cannot be {what}: {there} may not be written")
    return str(path)
