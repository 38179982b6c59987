"""Items that another thread makes come in order, with what it raises behind them, and it ends when nobody asks."""

import threading
import time

import pytest

from scangait.capture.opening import AHEAD, ahead


def test_items_come_in_order_and_errors_behind_them():
    def made():
        yield from range(100)
        yield None  # an item like any other
        raise MemoryError("no more")

    told = ahead(made())
    assert [next(told) for _ in range(101)] == [*range(100), None]
    with pytest.raises(MemoryError, match="no more"):
        next(told)


def test_a_maker_stops_when_nobody_asks_any_more():
    count = 0

    def made():
        nonlocal count
        while True:
            count += 1
            yield count

    threads = threading.active_count()
    told = ahead(made())
    assert next(told) == 1
    told.close()
    begun = time.monotonic()
    while threading.active_count() > threads and time.monotonic() < begun + 10:
        time.sleep(0.01)
    assert threading.active_count() == threads
    assert count <= AHEAD + 3
