"""Five verdicts as an analyst reads them: python scripts/five_verdicts.py; real captures, three with other headers."""

import json

import numpy as np
from bundle_library import CAPTURES

from scangait.capture import read
from scangait.evidence.library import Library
from scangait.probes import without_headers
from scangait.recognise.classify import identify
from scangait.scanners import SCANNERS
from scangait.simulate.forge import worn
from scangait.telescope import telescope

RNG = np.random.default_rng(5)
CASES = {
    "wide-zmap4.3.4-p443-r100000": ("as captured", lambda probes: probes),
    "wide-masscan1.3.2-p22-r120000": ("headers blanked", without_headers),
    "nmap-p80-T4-r1000": ("as captured", lambda probes: probes),
    "wide-zmap2.1.1-p80-r120000": ("in Masscan's headers", lambda probes: worn(probes, SCANNERS["masscan"], RNG)),
    "masscan-p110-r400-s84196940": ("in ZMap's headers", lambda probes: worn(probes, SCANNERS["zmap"], RNG)),
}


if __name__ == "__main__":
    library = Library.bundled()
    for entry in json.loads((CAPTURES / "manifest.json").read_text()):
        name = entry["file"].removesuffix(".pcap.gz")
        if name in CASES:
            words, change = CASES[name]
            verdict = identify(change(read(CAPTURES / entry["file"])), library, telescope(entry["telescope"]))[0]
            print(f"{name}, {words}: {verdict.label} {verdict.version or ''}, {verdict.confidence:.0%} sure")
            if verdict.contradiction:
                print(f"  contradiction: {verdict.contradiction}")
            for one in verdict.evidence[:3]:
                print(f"  {one.kind} {one.bits:+.1f}: {one.reason}")
