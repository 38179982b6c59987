"""The live table: what a tired analyst reads at 80 and at 200 columns."""

import doctest
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from scangait.recognise.results import Evidence, Verdict
from scangait.show import live
from scangait.show.live import Seen, Status, cells, folded, heads, ordered, screen

STATUS = Status("interface:eth1", 1_234_567, 890.4, 12, 1_767_225_600_000_000_000, "kernel dropped 3 packets")


def a_verdict(number=1, **changes):
    facts = {
        "scan": f"{number:016x}", "label": "zmap", "version": ">=4.1", "confidence": 0.97, "margin": 9.0,
        "evidence": (Evidence(kind="walk", bits=40.0, reason="16 of 16 probes lie on one multiplicative walk"),),
        "sources": ("203.0.113.7",), "ports": (443,), "protocol": "tcp", "first_ns": 1_767_225_600_000_000_000,
        "last_ns": 1_767_229_200_000_000_000, "probes": 100 + number, "addresses": 99, "coverage": 0.25, "rate": 1.5,
        "internet_rate": 1e5,
    }  # fmt: skip
    return Verdict(**facts | changes)


WIDEST = a_verdict(
    label="unicornscan", version="0.4", confidence=1.0, sources=("255.255.255.255",), ports=(65535,), protocol="udp",
    probes=99_999_999, rate=123456.0,
)  # fmt: skip


def drawn(seen, width, height=24):
    console = Console(width=width, height=height, file=io.StringIO(), force_terminal=False)
    console.print(screen(seen, STATUS, width, height))
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 200])
def test_every_fact_can_be_read_whole(width):
    lines = drawn([Seen(WIDEST, needed=12), Seen(a_verdict(2), over=True)], width)
    assert all(len(line.rstrip()) <= width for line in lines)
    words = cells(Seen(WIDEST, needed=12), wide=width >= live.WIDE)
    assert all(word in lines[2] for word in words)
    assert all(name in lines[1] for name in heads(wide=width >= live.WIDE))
    assert "1,234,567 probes" in lines[0]
    assert "kernel dropped" in lines[-1]


def test_a_campaign_is_one_row_with_the_probes_of_all_and_is_over_when_all_are():
    parts = [
        Seen(a_verdict(number, campaign="c1", sources=(f"203.0.113.{number}",)), over=number < 4) for number in range(5)
    ]
    alone = Seen(a_verdict(9))
    rows = folded([alone, *parts])
    assert rows[0] == alone
    assert rows[1].verdict.probes == sum(one.verdict.probes for one in parts)
    assert (rows[1].others, rows[1].over, rows[1].verdict.coverage) == (4, False, 1.0)
    assert folded([part for part in parts if part.over])[0].over
    assert "203.0.113.4 +4" in "".join(drawn([alone, *parts], 200))
    assert "campaign of 5 scans" in "".join(drawn([alone, *parts], 200))
    assert "5 scans" in "".join(drawn([alone, *parts], 80))


def test_at_200_columns_the_table_says_why_and_after_how_many_probes():
    line = drawn([Seen(a_verdict(contradiction="headers say masscan"), needed=9)], 200)[2]
    assert "headers say masscan; 16 of 16 probes lie on one multiplicative walk" in line
    assert " 9 " in line


def test_scans_that_go_on_come_first_named_ones_before_unknown_ones_and_large_ones_before_small():
    rows = [
        Seen(a_verdict(1), over=True), Seen(a_verdict(2)), Seen(a_verdict(3)), Seen(a_verdict(4, label="unknown")),
    ]  # fmt: skip
    assert [int(one.verdict.scan, 16) for one in ordered(rows, 10)[0]] == [3, 2, 4, 1]


@given(st.integers(0, 60), st.sampled_from([80, 200]), st.integers(5, 60))
def test_the_screen_is_never_higher_than_the_terminal_and_says_how_many_do_not_fit(count, width, height):
    lines = drawn([Seen(a_verdict(number)) for number in range(count)], width, height)
    assert len(lines) <= height
    left = max(count - (height - live.AROUND), 0)
    assert (f"{left} more" in lines[-1]) == bool(left)


def test_the_examples_in_the_file_are_true():
    assert doctest.testmod(live).failed == 0
