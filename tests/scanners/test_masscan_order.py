import csv
import gzip
import re
from collections import defaultdict
from ipaddress import IPv4Address
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scangait.scanners.blackrock import decrypt, encrypt, permutation
from scangait.scanners.masscan_order import ROUNDS, targets
from scangait.scanners.scanner import Scan
from scangait.telescope import Telescope, without

REFERENCE = Path(__file__).resolve().parents[2].parent / "shared" / "reference"
PREFIX = r"\d+\.\d+\.\d+\.\d+(?:/\d+)?"


def ports_of(words):
    spans = [word.partition("-") for word in words.split(",")]
    return tuple(port for low, _, high in spans for port in range(int(low), int(high or low) + 1))


def a_scan(command, version):
    excluded = re.findall(rf"--exclude ({PREFIX})", command)
    included = re.findall(rf" ({PREFIX})", re.sub(rf"--exclude {PREFIX}", "", command))
    span = re.search(r" (\d+\.\d+\.\d+\.\d+)-(\d+\.\d+\.\d+\.\d+)", command)
    scope = (
        Telescope.ranges([tuple(int(IPv4Address(word)) for word in span.groups())]) if span else Telescope.of(included)
    )
    shard = re.search(r"--shard (\d+)/(\d+)", command)
    return Scan(
        version=version,
        targets=without(scope, Telescope.of(excluded)) if excluded else scope,
        ports=ports_of(re.search(r"-p (\S+)", command)[1]),
        seed=int(re.search(r"--seed (\d+)", command)[1]),
        shard=int(shard[1]) - 1 if shard else 0,
        shards=int(shard[2]) if shard else 1,
    )


def test_every_reference_vector_is_reproduced(monkeypatch):
    if not REFERENCE.is_dir():
        pytest.skip("needs ../shared/reference")
    text = (REFERENCE / "README.md").read_text()
    commands = dict(re.findall(r"^\| (\S+) \| `(masscan [^`]*)`", text, re.MULTILINE))
    rows = defaultdict(list)
    with gzip.open(REFERENCE / "masscan-1.3.2.csv.gz", "rt") as lines:
        for row in csv.DictReader(lines):
            rows[row["run"]].append((int(IPv4Address(row["address"])), int(row["port"])))
    for name, wanted in rows.items():
        rounds = int(re.search(r"--blackrock-rounds (\d+)", commands[name])[1])
        monkeypatch.setitem(ROUNDS, "vector", rounds)
        assert list(islice(targets(a_scan(commands[name], "vector")), len(wanted))) == wanted, name
    assert sum(map(len, rows.values())) == 78557


@pytest.mark.parametrize(("rounds", "first"), [(4, [105, 190, 168, 114, 143, 157]), (14, [27, 116, 12, 76, 241, 217])])
def test_worked_example_of_256_targets(rounds, first):
    assert encrypt(permutation(256, 42, rounds), np.arange(6)).tolist() == first


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(0, 2**64 - 1), st.sampled_from([3, 4, 14]))
def test_each_target_comes_once_and_decryption_undoes_encryption(size, seed, rounds):
    order = permutation(size, seed, rounds)
    seen = encrypt(order, np.arange(size))
    assert sorted(seen) == list(range(size))
    assert decrypt(order, seen).tolist() == list(range(size))


@given(st.integers(1, 5), st.integers(1, 200), st.integers(0, 2**32))
def test_shards_are_disjoint_and_complete(shards, size, seed):
    scope = Telescope.ranges([(2**24, 2**24 + size - 1)])
    seen = []
    for shard in range(shards):
        scan = Scan(version="1.3", targets=scope, ports=(443, 80), seed=seed, shard=shard, shards=shards)
        seen += targets(scan)
    assert sorted(seen) == sorted((2**24 + i, port) for i in range(size) for port in (80, 443))
