"""Slow and root-only tests are shown as skipped unless they are asked for by `-m slow` or `-m root`."""

import pytest
from hypothesis import settings

# Machines here are shared: how long one example takes says nothing about the code.
settings.register_profile("shared", deadline=None)
settings.load_profile("shared")


def pytest_collection_modifyitems(config, items):
    asked = config.getoption("-m") or ""
    for item in items:
        for mark, command in (("slow", "make slow"), ("root", "make lab")):
            if item.get_closest_marker(mark) and mark not in asked:
                item.add_marker(pytest.mark.skip(reason=f"{mark} test: run it with `{command}`"))
