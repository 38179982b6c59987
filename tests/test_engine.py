"""Every engine gives the same results in the same order, and raises what one piece of work raises."""

import pytest

from scangait.engine import Processes, Serial, Threads

ENGINES = [Serial(), Threads(2), Processes(2)]


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: type(engine).__name__)
@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_results_come_in_the_order_of_the_work(engine, count):
    known = {number: number**2 for number in range(count)}  # what the function knows need not be sent to it
    assert list(engine.map(lambda number: known[number], range(count))) == [number**2 for number in range(count)]


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: type(engine).__name__)
def test_an_error_is_raised_where_it_happened(engine):
    results = engine.map(lambda number: 1 // (number - 3), range(6))
    with pytest.raises(ZeroDivisionError):
        list(results)


def test_work_inside_work_finds_its_own_function():
    inner = Processes(2)
    assert list(Processes(2).map(lambda a: sum(Serial().map(lambda b: a * b, range(4))), range(3))) == [0, 6, 12]
    assert list(inner.map(lambda a: -a, range(3))) == [0, -1, -2]
