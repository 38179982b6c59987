"""Coordinated sources become one campaign while they run (simulated)."""

import numpy as np
from watched import SCOPE, TARGETS, batched, events

from scangait.scanners import SCANNERS
from scangait.scanners.scanner import Scan
from scangait.simulate.view import mixed, simulate


def shards(count, version="2.1", seed=7):
    parts = []
    for shard in range(count):
        scan = Scan(
            version=version, targets=TARGETS, ports=(80,), seed=seed, shard=shard, shards=count, rate=1e5,
            duration_s=8000.0, sources=(0xC6120001 + 1000 * shard,),
        )  # fmt: skip
        parts.append(simulate(SCANNERS["zmap"], scan, SCOPE, np.random.default_rng(shard)))
    return mixed(parts)


def alone(count):
    parts = []
    for number in range(count):
        scan = Scan(
            version="2.1", targets=TARGETS, ports=(80,), seed=100 + number, rate=1e5, duration_s=8000.0,
            sources=(0xC7120001 + 1000 * number,),
        )  # fmt: skip
        parts.append(simulate(SCANNERS["zmap"], scan, SCOPE, np.random.default_rng(number)))
    return mixed(parts)


def test_shards_are_one_campaign_long_before_they_end():
    probes = mixed([shards(4), alone(3)])
    said = events(batched(probes, range(200, len(probes), 200)))
    joined = [event for event in said if event.kind == "changed" and event.verdict.campaign]
    assert {event.verdict.sources[0] for event in joined} == {
        f"198.18.{1000 * n >> 8}.{(1000 * n & 255) + 1}" for n in range(4)
    }
    assert len({event.verdict.campaign for event in joined}) == 1
    length = probes.time_ns[-1] - probes.time_ns[0]
    assert max(event.time_ns for event in joined) < probes.time_ns[0] + length // 4
    closed = [event.verdict for event in said if event.kind == "closed" and not event.withdrawn]
    assert sum(verdict.campaign is not None for verdict in closed) == 4


def test_independent_scans_stay_alone():
    said = events([alone(6)])
    assert not any(event.verdict.campaign for event in said)


def test_a_campaign_depends_on_no_batch():
    probes = shards(3)
    whole, cut = (events(batched(probes, cuts)) for cuts in ([], range(37, len(probes), 37)))
    assert whole == cut
