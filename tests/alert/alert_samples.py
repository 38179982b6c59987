"""Alerts for the tests: one plain, and any that could be."""

from hypothesis import strategies as st

from scangait.alert.alert import Alert
from scangait.recognise.results import Evidence, Expected, Verdict, Walk

NASTY = 'a|b=c\\d"e\tf\ng\rh\x1b[31mi\u2028j,k #99 "sequence":99 externalId=99 -\x00'


def verdict(**changes):
    facts = {
        "scan": "3f2a-80",
        "label": "zmap",
        "version": "<=2.1",
        "confidence": 0.998,
        "margin": 12.5,
        "evidence": (
            Evidence(kind="walk", bits=40.0, reason="the addresses lie on one walk of ZMap"),
            Evidence(kind="signature", bits=8.0, reason="IP identification is 54321"),
        ),
        "sources": ("203.0.113.7", "203.0.113.9"),
        "ports": (80,),
        "protocol": "tcp",
        "first_ns": 1_700_000_000_000_000_001,
        "last_ns": 1_700_000_060_500_000_000,
        "probes": 4096,
        "addresses": 4096,
        "coverage": 0.0625,
        "rate": 68.2,
        "internet_rate": 4_470_000.0,
        "contradiction": "",
        "walk": None,
        "simulated": True,
    }
    return Verdict(**(facts | changes))


def alert(sequence=1, event="opened", **changes):
    return Alert(
        sequence=sequence,
        event=event,
        time_ns=1_700_000_061_123_456_789 + sequence,
        probes_needed=48,
        verdict=verdict(**changes),
    )


WALK = Walk(
    over="all addresses",
    generator=3,
    prime=2**32 + 15,
    threads=1,
    rate=1000.0,
    loss=0.1,
    start_ns=1,
    end_ns=2,
    progress=0.5,
    expected=(Expected(address="198.51.100.77", time_ns=5),),
)

free_text = st.one_of(st.text(max_size=40), st.sampled_from([NASTY, "-", "(empty)", "", "\\", "=", "|", "\\x09"]))
addresses = st.ip_addresses(v=4).map(str)
times = st.integers(0, 4_000_000_000_000_000_000)
share = st.floats(0, 1, allow_nan=False)
verdicts = st.builds(
    Verdict,
    scan=free_text,
    label=free_text,
    version=st.none() | free_text,
    confidence=share,
    margin=st.floats(-1e6, 1e6, allow_nan=False),
    evidence=st.lists(
        st.builds(Evidence, kind=free_text, bits=st.floats(-1e3, 1e3, allow_nan=False), reason=free_text), max_size=3
    ).map(tuple),
    sources=st.lists(addresses, max_size=4).map(tuple),
    ports=st.lists(st.integers(0, 65535), max_size=3).map(tuple),
    protocol=st.sampled_from(["tcp", "udp", "icmp"]),
    first_ns=times,
    last_ns=times,
    probes=st.integers(0, 10**12),
    addresses=st.integers(0, 2**32),
    coverage=share,
    rate=st.floats(0, 1e9, allow_nan=False),
    internet_rate=st.floats(0, 1e12, allow_nan=False),
    contradiction=free_text,
    walk=st.none() | st.just(WALK),
    simulated=st.booleans(),
)
alerts = st.builds(
    Alert,
    sequence=st.integers(1, 10**15),
    event=st.sampled_from(["opened", "changed", "closed"]),
    time_ns=times,
    probes_needed=st.integers(0, 10**9),
    verdict=verdicts,
)
