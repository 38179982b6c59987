import csv
import gzip
import re
from collections import defaultdict
from ipaddress import IPv4Address
from itertools import islice
from math import inf
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scangait.scanners import zmap_order
from scangait.scanners.aes import encrypt
from scangait.scanners.cyclic import GROUPS, is_primitive_root
from scangait.scanners.logarithm import logarithms
from scangait.scanners.scanner import Scan
from scangait.scanners.zmap_order import ORDERS, indices, numbering_of, places, seen, targets, walk
from scangait.telescope import Telescope, without

REFERENCE = Path(__file__).resolve().parents[2].parent / "shared" / "reference"
BLOCKED = Telescope.of(
    "0.0.0.0/8,10.0.0.0/8,100.64.0.0/10,127.0.0.0/8,169.254.0.0/16,172.16.0.0/12,192.0.0.0/24,192.0.2.0/24,"
    "192.88.99.0/24,192.168.0.0/16,198.18.0.0/15,198.51.100.0/24,203.0.113.0/24,240.0.0.0/4,224.0.0.0/4"
)
VERSION = {"2.1.1": "2.1", "3.0.0": "3.0", "4.3.4": "4.3"}


def ports_of(words):
    spans = [word.partition("-") for word in words.split(",")]
    return tuple(port for low, _, high in spans for port in range(int(low), int(high or low) + 1))


def a_scan(command, version):
    def option(pattern, default):
        found = re.search(pattern, command)
        return int(found[1]) if found else default

    prefixes = re.findall(r"\d+\.\d+\.\d+\.\d+/\d+", command)
    return Scan(
        version=version,
        targets=without(Telescope.of(prefixes or "0.0.0.0/0"), BLOCKED),
        ports=ports_of(re.search(r"-p (\S+)", command)[1]),
        seed=option(r"-e (\d+)", 0),
        shard=option(r"--shard=(\d+)", 0),
        shards=option(r"--shards=(\d+)", 1),
        threads=option(r"-T (\d+)", 1),
    )


def runs(program):
    """name -> (command, rows) of each run of one program."""
    text = (REFERENCE / "README.md").read_text()
    part = text[text.index(f"## zmap-{program}.csv.gz") :].split("\n## ")[0]
    commands = dict(re.findall(r"^\| (\S+) \| `(zmap [^`]*)`", part, re.MULTILINE))
    rows = defaultdict(list)
    with gzip.open(REFERENCE / f"zmap-{program}.csv.gz", "rt") as lines:
        for row in csv.DictReader(lines):
            rows[row["run"]].append((int(IPv4Address(row["address"])), int(row["port"])))
    return {name: (commands[name], rows[name]) for name in rows}


@pytest.mark.parametrize("program", VERSION)
def test_every_reference_vector_is_reproduced(program):
    if not REFERENCE.is_dir():
        pytest.skip("needs ../shared/reference")
    checked = 0
    for name, (command, rows) in runs(program).items():
        scan = a_scan(command, VERSION[program])
        if scan.threads == 1:
            assert list(islice(targets(scan), len(rows))) == rows, name
        else:  # the threads' rows are merged in no fixed order: each is a subsequence, and together they are all
            own = [list(islice(targets(scan, thread), len(rows) // scan.threads)) for thread in range(scan.threads)]
            assert sorted(target for part in own for target in part) == sorted(rows), name
            for part in own:
                kept = iter(rows)
                assert all(target in kept for target in part), name
        checked += len(rows)
    assert checked == {"2.1.1": 42512, "3.0.0": 42512, "4.3.4": 68512}[program]


def test_worked_example_of_seed_42():
    scan = a_scan("-p 80 -e 42", "4.3")
    assert (walk(scan).generator, walk(scan).offset) == (46232, 922519699)
    first = [str(IPv4Address(address)) for address, _ in islice(targets(scan), 3)]
    assert first == ["37.217.31.199", "220.238.21.209", "217.136.158.47"]


def test_aes_of_the_standard():
    key, block = bytes(range(16)), bytes.fromhex("00112233445566778899aabbccddeeff")
    assert encrypt(key, block).hex() == "69c4e0d86a7b0430d8cdb78070b4c55a"  # FIPS 197, appendix C.1


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: str(group.prime))
def test_the_known_root_generates_the_group(group):
    assert is_primitive_root(group, group.root)
    left = group.order
    for factor in group.factors:
        assert left % factor == 0
        while left % factor == 0:
            left //= factor
    assert left == 1


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(ORDERS),
    st.integers(0, 2**64),
    st.integers(1, 600),
    st.integers(1, 5),
    st.integers(1, 3),
    st.integers(1, 3),
)
def test_shards_and_threads_are_disjoint_and_cover_every_target_once(version, seed, size, shards, threads, ports):
    if version in {"2.1", "3.0"}:
        ports = 1
    scope = Telescope.ranges([(2**24 + 77, 2**24 + 76 + size)])
    seen = []
    for shard in range(shards):
        scan = Scan(
            version=version, targets=scope, ports=tuple(range(ports)), seed=seed, shard=shard,
            shards=shards, threads=threads,
        )  # fmt: skip
        for thread in range(threads):
            seen += targets(scan, thread)
    assert len(seen) == len(set(seen)) == size * ports


def test_the_view_of_a_darknet_is_in_the_order_that_zmap_printed():
    if not REFERENCE.is_dir():
        pytest.skip("needs ../shared/reference")
    with gzip.open(REFERENCE / "zmap-2.1.1-view.csv.gz", "rt") as lines:
        rows = [(int(IPv4Address(row["address"])), int(row["position"])) for row in csv.DictReader(lines)]
    found = seen(a_scan("-p 80 -e 42", "2.1"), Telescope.of("93.184.0.0/20"), inf)
    assert len(rows) == 315
    assert found.dst[:315].tolist() == [address for address, _ in rows]
    assert np.all(np.abs(found.number[:315] - [position for _, position in rows]) < 11_000)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(GROUPS), st.integers(0, 2**48))
def test_logarithms_undo_powers(group, exponent):
    exponent %= group.order
    element = pow(group.root, exponent, group.prime)
    assert logarithms(group, np.array([element])).tolist() == [exponent]


@pytest.mark.parametrize("version", ORDERS)
def test_the_places_in_a_walk_undo_the_walk(version):
    scan = Scan(version=version, targets=Telescope.of("93.184.216.0/24"), ports=(80,), seed=11)
    dst = np.array([address for address, _ in targets(scan)], np.uint32)
    found = places(walk(scan), indices(numbering_of(scan), dst) + 1, version)
    assert found.tolist() == sorted(found.tolist())
    assert len(set(dst.tolist())) == 256


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(ORDERS),
    st.integers(0, 2**63),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 3),
    st.booleans(),
)
def test_a_view_is_the_targets_inside_the_telescope(version, seed, shards, threads, ports, logarithmic):
    ports = 1 if version in {"2.1", "3.0"} else ports
    scan = Scan(
        version=version,
        targets=Telescope.ranges([(2**24 + 77, 2**24 + 676), (2**25, 2**25 + 5000)]),
        ports=tuple(range(7, 7 + ports)), seed=seed, shards=shards, shard=shards - 1, threads=threads,
    )  # fmt: skip
    scope = Telescope.ranges([(2**24, 2**24 + 99), (2**25 + 4000, 2**25 + 4500)])
    for thread in range(threads):
        walked = list(enumerate(targets(scan, thread)))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(zmap_order, "WALKED", 0 if logarithmic else 2**27)
            found = seen(scan, scope, inf, thread)
        wanted = [
            row for row in walked if 2**24 <= row[1][0] < 2**24 + 100 or 2**25 + 4000 <= row[1][0] <= 2**25 + 4500
        ]
        assert list(zip(found.dst.tolist(), found.dport.tolist(), strict=True)) == [target for _, target in wanted]
        if not logarithmic:
            assert found.number.tolist() == [number for number, _ in wanted]
