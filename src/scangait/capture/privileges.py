"""Privileges: become an ordinary user for good, once everything that needs root is open."""

from __future__ import annotations

import os

from scangait.errors import CaptureError


def become(user: str) -> None:
    """Give up root: groups first, then the user; checked that there is no way back. Raises CaptureError.

    A program that is not root already runs with as few rights as it will; then `user` must be who it is.
    """
    import pwd

    try:
        entry = pwd.getpwnam(user)
    except KeyError as error:
        raise CaptureError(f"user {user!r}: there is none of that name; create it or name another") from error
    if entry.pw_uid == 0:
        raise CaptureError(f"user {user!r}: is root; name an ordinary user")
    if os.geteuid() == entry.pw_uid:
        return
    try:
        os.setgroups([])
        os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
        os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    except OSError as error:
        raise CaptureError(f"user {user!r}: cannot become it ({error.strerror}); start as root") from error
    if os.getresuid() != (entry.pw_uid,) * 3 or os.getresgid() != (entry.pw_gid,) * 3 or os.getgroups():
        raise CaptureError(f"user {user!r}: root was not given up wholly; nothing is read")
