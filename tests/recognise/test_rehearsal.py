"""What the first run on a machine has a second process compile in the meantime."""

from __future__ import annotations

import subprocess
import sys
import time
from multiprocessing import active_children
from types import SimpleNamespace

import pytest

from scangait.evidence import walk
from scangait.evidence.library import Library
from scangait.recognise import rehearsal
from scangait.recognise.classify import identify


def test_the_rehearsal_searches_no_walk_and_hears_the_rest(monkeypatch):
    def searched(*_):
        raise AssertionError

    monkeypatch.setattr(walk, "_searched", searched)
    verdicts = identify(rehearsal.made_up(), Library.bundled())
    assert len(verdicts) == rehearsal.SOURCES
    assert {one.kind for verdict in verdicts for one in verdict.evidence} >= {"signature", "coverage"}
    rehearsal._rehearse(Library.bundled())


AS_IT_CALLS_THEM = """
import numba, numpy as np
from scangait.evidence import walk
from scangait.evidence.line import of_triple, pairs_of
from scangait.recognise import rehearsal

parts = of_triple, pairs_of
rehearsal._parts_of_the_search()
known = [part.signatures for part in parts]
walk.through = numba.njit(walk.through.py_func)  # compiled anew, whatever is on disk
walk.find(np.arange(40.0), np.arange(40, dtype=np.uint32) * 7919, 2**20)
assert [len(one) for one in known] == [1, 1], known
assert [part.signatures for part in parts] == known
"""


def test_the_parts_of_the_search_are_compiled_as_it_calls_them():
    subprocess.run([sys.executable, "-c", AS_IT_CALLS_THEM], check=True)


def test_it_happens_where_no_search_is_on_disk_and_ends_with_the_work(monkeypatch):
    monkeypatch.setattr(rehearsal, "compiled", lambda: False)
    monkeypatch.setattr(rehearsal, "_rehearse", lambda _: time.sleep(600))
    with rehearsal.rehearsed(Library.bundled()):
        (second,) = active_children()
    assert not second.is_alive()


def test_it_does_not_happen_twice(monkeypatch):
    monkeypatch.setattr(rehearsal, "compiled", lambda: True)
    with rehearsal.rehearsed(Library.bundled()):
        assert not active_children()


@pytest.mark.parametrize("names", [[], ["stages.through-71.py311.nbi"]])
def test_what_is_on_disk_tells_whether_it_has_happened(monkeypatch, tmp_path, names):
    for name in names:
        (tmp_path / name).touch()

    monkeypatch.setattr(rehearsal, "through", SimpleNamespace(stats=SimpleNamespace(cache_path=str(tmp_path))))
    assert rehearsal.compiled() == bool(names)
