"""Campaigns: laws that hold for any crowd of scanners, an example of every proof, and two real captures."""

from dataclasses import replace
from functools import cache
from itertools import combinations, product
from math import comb, log2
from pathlib import Path

import numpy as np
import pytest

from naive import union_law
from scangait.capture import read
from scangait.evidence.walk import find
from scangait.gait.samples import NANOSECOND, samples
from scangait.gait.streams import by_source
from scangait.probes import take
from scangait.recipe import Recipe
from scangait.recognise.campaigns import campaigns
from scangait.recognise.joins.cover import PAIRS, Pairs, _peeled, _shared, _telling, together
from scangait.recognise.joins.overlap import EXACT, rarity
from scangait.recognise.joins.scans import in_order
from scangait.recognise.joins.walks import _join, _on, walks
from scangait.scanners import SCANNERS
from scangait.scanners.scanner import Scan
from scangait.scanners.zmap_order import DEFAULT_BLOCKED
from scangait.simulate.training import around
from scangait.simulate.view import mixed, simulate
from scangait.telescope import Telescope, telescope, without

CAPTURES = Path(__file__).resolve().parents[2] / "examples" / "captures"
SCOPE = telescope("93.184.208.0/20")
WHOLE = without(Telescope.ranges([(1, 2**32 - 1)]), telescope(DEFAULT_BLOCKED))
START_NS = 1_767_225_600_000_000_000
HOUR_NS = 3600 * 10**9


def scan_of(tool, version, sources, rng, **more):
    scan = Scan(version=version, targets=WHOLE, ports=(80,), sources=sources, start_ns=START_NS, rate=3e5)
    return simulate(SCANNERS[tool], replace(scan, **more), SCOPE, rng, loss=0.05, jitter_s=0.01)


@cache
def crowd(seed=0, count=10):
    """Scanners that know nothing of each other."""
    rng = np.random.default_rng(seed)
    parts = []
    for number in range(count):
        tool, version = (("zmap", "2.1"), ("zmap", "4.3"), ("masscan", "1.3"), ("hping", "3"))[number % 4]
        more = {
            "seed": int(rng.integers(1, 2**62)),
            "start_ns": START_NS + int(rng.uniform(0, 4) * HOUR_NS),
            "duration_s": float(rng.uniform(1000, 12000)),
        }
        parts.append(scan_of(tool, version, (0x0B000000 + 7919 * number,), rng, **more))
    return mixed(parts)


@cache
def shards(tool, version, count):
    rng = np.random.default_rng(count)
    parts = [
        scan_of(
            tool, version, (0x2D000000 + 77777 * shard,), rng, seed=4711, shard=shard, shards=count, rate=3e5 / count,
            start_ns=START_NS + HOUR_NS + int(rng.uniform(0, 9) * 1e9),
        )
        for shard in range(count)
    ]  # fmt: skip
    return mixed(parts)


@cache
def pool(version, count):
    return scan_of(
        "zmap", version, tuple(0x2D000010 + one for one in range(count)), np.random.default_rng(count), seed=99
    )


def cut(probes):
    return samples(probes, by_source(probes), SCOPE, Recipe())


def found_in(probes, scans=None, lines=None):
    scans = scans or cut(probes)
    return campaigns(probes, SCOPE, scans, lines or [None] * len(scans))


def sources_of(probes):
    return tuple(np.unique(probes.src).tolist())


def test_the_law_of_overlap_is_that_of_all_choices():
    for sizes, space in (((2, 3), 6), ((1, 2, 2), 5), ((3, 1, 2), 6), ((4, 4), 6)):
        choices = product(*(combinations(range(space), size) for size in sizes))
        unions = [len(set().union(*choice)) for choice in choices]
        for distinct in range(max(sizes), min(sum(sizes), space) + 1):
            share = sum(union >= distinct for union in unions) / len(unions)
            assert rarity(np.array(sizes), distinct, space) == pytest.approx(-log2(share), abs=1e-9)


@pytest.mark.parametrize(("sizes", "space"), [((60, 60, 60), 256), ((8,) * 12, 128), ((200, 100, 30), 400)])
def test_the_law_of_overlap_is_that_of_exact_fractions(sizes, space):
    law = union_law(sizes, space)
    for distinct in range(max(sizes), min(sum(sizes), space) + 1, 7):
        share = sum(chance for union, chance in law.items() if union >= distinct)
        assert rarity(np.array(sizes), distinct, space) == pytest.approx(-log2(share), abs=1e-6)


def test_two_halves_are_one_choice_among_all():
    assert rarity(np.array([2048, 2048]), 4096, 4096) == pytest.approx(log2(comb(4096, 2048)), rel=1e-9)


def test_the_bound_for_large_overlaps_never_says_more_than_the_law():
    sizes = np.array([2000, 2000])
    exact = rarity(sizes, 4000 - EXACT, 4096)
    assert 0 < rarity(sizes, 4000 - EXACT - 1, 4096) < exact
    assert rarity(sizes, 2500, 4096) == 0


def test_the_best_group_of_a_table_of_pairs_is_found():
    rng = np.random.default_rng(3)
    chance = np.full((40, 40), 20.0)
    meet = rng.poisson(chance).astype(float)
    meet[:6, :6] = 0
    meet = np.triu(meet, 1) + np.triu(meet, 1).T
    np.fill_diagonal(chance, 0)
    order = rng.permutation(40)
    best = together(Pairs(meet[np.ix_(order, order)], chance[np.ix_(order, order)]), np.full(40, 290))
    assert sorted(order[best].tolist()) == list(range(6))


def test_even_shares_are_found_in_a_crowd_of_every_size():
    rng = np.random.default_rng(3)
    size = np.r_[np.full(64, 64), (10 ** rng.uniform(1, 3.5, 600)).astype(int)]
    chance = np.outer(size, size) / 4096
    meet = rng.poisson(chance).astype(float)
    meet[:64, :64] = 0
    meet = np.triu(meet, 1) + np.triu(meet, 1).T
    np.fill_diagonal(chance, 0)
    assert together(Pairs(meet, chance), size).tolist() == list(range(64))


@pytest.mark.parametrize("seed", range(4))
def test_scanners_that_know_nothing_of_each_other_are_not_joined(seed):
    assert found_in(crowd(seed, 24)) == []


@pytest.mark.parametrize("version", ["2.1", "3.0", "4.3"])
@pytest.mark.parametrize("count", [2, 6, 16])
def test_shards_of_zmap_are_one_walk(version, count):
    own = shards("zmap", version, count)
    (one,) = found_in(mixed([crowd(), own]))
    assert one.sources == sources_of(own)
    assert "one ZMap walk" in one.proof
    assert one.coverage > 0.9
    assert one.overlap < 0.01


def test_a_walk_known_of_one_shard_joins_the_others_whatever_they_cover():
    own = shards("zmap", "3.0", 4)
    own = take(own, (own.time_ns - START_NS) < 1.4 * HOUR_NS)
    probes = mixed([crowd(), own])
    scans = cut(probes)
    lines = [None] * len(scans)
    first = next(index for index, scan in enumerate(scans) if int(probes.src[scan.members[0]]) == 0x2D000000)
    seconds = (scans[first].time_ns - scans[first].time_ns[0]) * NANOSECOND
    lines[first] = find(seconds, probes.dst[scans[first].members], SCOPE.size)
    (one,) = found_in(probes, scans, lines)
    assert one.sources == sources_of(own)
    assert one.proof == "one ZMap walk"


@pytest.mark.parametrize("known", [1.0, 0.6])
def test_walks_that_share_no_small_multiple_need_not_be_laid_on_each_other(known):
    probes = mixed([crowd(3, 24), shards("zmap", "2.1", 6), pool("4.3", 5)])
    listed = cut(probes)
    lines = [
        find((scan.time_ns - scan.time_ns[0]) * NANOSECOND, probes.dst[scan.members], SCOPE.size) for scan in listed
    ]
    hidden = np.random.default_rng(7).random(len(lines)) > known
    lines = [None if hide else line for line, hide in zip(lines, hidden, strict=True)]
    scans, _ = in_order(probes, SCOPE, listed, lines, np.ones(len(listed), bool))
    assert [join for group in scans.groups() for join in walks(scans, group)] == walks_of_all(scans)
    assert [join for group in scans.groups() for join in walks(scans, group)]


def walks_of_all(scans):
    """The naive twin: every proven line against every scan of its port that is left."""
    joins = []
    for group in scans.groups():
        left = group
        for scan in group.tolist():
            if scans.lines[scan] is None or scan not in left:
                continue
            members = _on(scans, scans.lines[scan], scan, left)
            join = _join(scans, scans.lines[scan], members, len(group))
            if join is not None:
                joins.append(join)
                left = np.setdiff1d(left, members)
    return joins


def test_the_addresses_that_two_scans_share_are_counted_as_sets_have_them():
    probes = mixed([crowd(1, 24), shards("masscan", "1.3", 5)])
    listed = cut(probes)
    scans, _ = in_order(probes, SCOPE, listed, [None] * len(listed), np.ones(len(listed), bool))
    sets = [set(place.tolist()) for place in map(scans.places, range(len(scans.samples)))]
    expected = [[len(one & other) for other in sets] for one in sets]
    assert _shared(scans, np.arange(len(sets))).tolist() == expected


@pytest.mark.parametrize("count", [2, 5, 32])
def test_shards_of_masscan_cover_without_meeting(count):
    own = shards("masscan", "1.3", count)
    (one,) = found_in(mixed([crowd(), own]))
    assert one.sources == sources_of(own)
    assert "coverage without overlap" in one.proof


@pytest.mark.parametrize("version", ["2.1", "4.3"])
@pytest.mark.parametrize("count", [2, 10, 64])
def test_a_pool_of_sources_is_one_scan(version, count):
    own = pool(version, count)
    (one,) = found_in(mixed([crowd(), own]))
    assert one.sources == sources_of(own)
    assert "source pool" in one.proof


def test_a_pool_of_addresses_that_lie_anywhere_is_found_too():
    rng = np.random.default_rng(8)
    own = scan_of("zmap", "4.3", tuple(rng.integers(2**29, 2**31, 12).tolist()), rng, seed=5)
    (one,) = found_in(mixed([crowd(), own]))
    assert one.sources == sources_of(own)


def test_unicornscan_shows_its_key_whatever_the_source():
    rng = np.random.default_rng(1)
    near = {"targets": around(SCOPE, 2), "rate": 50.0, "ports": (80, 81)}
    own = scan_of("unicornscan", "0.4", (0x2D000001,), rng, **near)
    own = replace(own, src=np.where(own.dport == 80, own.src, own.src + 9).astype(np.uint32))
    other = scan_of("unicornscan", "0.4", (0x2E000001,), rng, **near)
    (one,) = found_in(mixed([crowd(), own, other]))
    assert one.sources == sources_of(own)
    assert one.ports == (80, 81)
    assert one.proof == "one Unicornscan key"


def test_one_campaign_on_two_ports_is_one():
    first = shards("masscan", "1.3", 4)
    second = replace(first, dport=np.full(len(first), 443, np.uint16), time_ns=first.time_ns + HOUR_NS)
    (one,) = found_in(mixed([crowd(), first, second]))
    assert one.ports == (80, 443)


def test_two_campaigns_of_one_port_stay_two():
    own, other, third = shards("masscan", "1.3", 8), pool("2.1", 8), shards("zmap", "3.0", 16)
    third = replace(third, src=third.src + 2**28)
    found = found_in(mixed([crowd(), own, other, third]))
    assert sorted(len(one.sources) for one in found) == [8, 8, 16]


def test_the_order_in_which_scans_are_listed_changes_nothing():
    probes = mixed([crowd(), shards("masscan", "1.3", 8), pool("2.1", 10)])
    scans = cut(probes)
    order = np.random.default_rng(5).permutation(len(scans))
    plain, shuffled = found_in(probes, scans), found_in(probes, [scans[index] for index in order])
    assert len(plain) == 2
    back = [replace(one, members=tuple(sorted(order[list(one.members)].tolist()))) for one in shuffled]
    assert sorted(back, key=lambda one: one.members) == sorted(plain, key=lambda one: one.members)


def test_campaigns_are_disjoint_and_of_several_sources():
    walk = shards("zmap", "2.1", 4)
    walk = replace(walk, src=walk.src + 2**28)
    probes = mixed([crowd(), shards("masscan", "1.3", 8), walk, pool("4.3", 10)])
    scans = cut(probes)
    found = found_in(probes, scans)
    assert sorted(len(one.sources) for one in found) == [4, 8, 10]
    members = [index for one in found for index in one.members]
    assert len(members) == len(set(members))
    for one in found:
        said = {int(probes.src[scans[index].members[0]]) for index in one.members}
        assert tuple(sorted(said)) == one.sources
        assert len(said) > 1


@pytest.mark.parametrize("tool", ["zmap", "masscan"])
def test_an_unrelated_scanner_changes_no_campaign(tool):
    parts = [crowd(), shards("masscan", "1.3", 8), pool("2.1", 10)]
    version = {"zmap": "3.0", "masscan": "1.3"}[tool]
    stranger = scan_of(tool, version, (0x5D000001,), np.random.default_rng(2), seed=31, duration_s=4000.0)
    before, after = found_in(mixed(parts)), found_in(mixed([*parts, stranger]))
    assert [(one.sources, one.proof) for one in before] == [(one.sources, one.proof) for one in after]


@pytest.mark.parametrize(
    ("name", "proof"), [("zmapshard2-p80-r600", "one ZMap walk"), ("masscanshard2-p80-r600", "one Masscan start")]
)
def test_real_shards_are_one_campaign(name, proof):
    probes = read(CAPTURES / f"{name}.pcap.gz")
    scope = telescope("198.19.16.0/20")
    scans = samples(probes, by_source(probes), scope, Recipe())
    (one,) = campaigns(probes, scope, scans, [None] * len(scans))
    assert len(one.sources) == 2
    assert proof in one.proof
    assert (one.coverage, one.overlap) == (1, 0)


def peeled_naively(pairs, bits):
    """Drop who meets most, one after another, and remember the best group on the way."""
    left = list(range(len(bits)))
    best, score = list(left), bits[np.ix_(left, left)].sum() / 2
    while len(left) > 2:
        excess = [
            sum(pairs.meet[one, other] - pairs.chance[one, other] for other in left)
            / max(sum(pairs.chance[one, other] for other in left), 1e-9) ** 0.5
            for one in left
        ]
        left.pop(int(np.argmax(excess)))
        total = bits[np.ix_(left, left)].sum() / 2
        if total > score + 1e-9:
            best, score = list(left), total
    return best


@pytest.mark.parametrize("seed", range(8))
def test_a_group_is_peeled_as_its_naive_twin_does(seed):
    rng = np.random.default_rng(seed)
    size = rng.integers(40, 400, 12)
    chance = np.outer(size, size) / 4096.0
    meet = np.triu(rng.poisson(chance * np.where(rng.random((12, 12)) < 0.5, 1.0, 0.1)), 1).astype(float)
    np.fill_diagonal(chance, 0.0)
    pairs = Pairs(meet + meet.T, chance)
    assert _peeled(pairs, np.arange(12)).tolist() == peeled_naively(pairs, pairs.bits())
    some = np.flatnonzero(rng.random(12) < 0.8)
    part = Pairs(pairs.meet[np.ix_(some, some)], chance[np.ix_(some, some)])
    assert _peeled(pairs, some).tolist() == some[peeled_naively(part, part.bits())].tolist()
    telling = [(a, b) for a in range(12) for b in range(a + 1, 12) if pairs.bits()[a, b] > 0]
    telling.sort(key=lambda pair: pairs.bits()[pair])
    assert [tuple(pair) for pair in _telling(pairs.bits())] == telling[-PAIRS:]
