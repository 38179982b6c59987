"""How far verdicts can be trusted: python scripts/evidence_table.py LIBRARY [trials]; the tables of docs/evidence.md.

LIBRARY is one that saw no real packet (`scangait learn --simulate --telescope 93.184.208.0/20 -o LIBRARY`), so that the
real captures of examples/captures are news to its models; weights and bars are those of the bundled library, which come
from simulated trials. Trials are simulated data, with seeds that nothing was learned from.
"""

import json
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
from bundle_library import CAPTURES

from scangait.capture import read
from scangait.engine import Threads
from scangait.evidence.library import Library
from scangait.gait.streams import by_source
from scangait.probes import take, without_headers
from scangait.recognise.calibrate import CALIBRATED, COMMON, RARE, STRANGE, answers, calibrations, totals, without
from scangait.recognise.compare import calibration_error, reliability
from scangait.recognise.judged import judged
from scangait.scanners import SCANNERS
from scangait.simulate.forge import worn
from scangait.simulate.trials import trials
from scangait.telescope import telescope

DRESSED = [name for name, tool in SCANNERS.items() if tool.wear]
SCOPE = telescope("45.76.16.0/20")
FALSE_ALARM = 0.01
HEADERLESS = tuple(kind for kind in CALIBRATED if kind != "signature")


def rough(probes, rng, *, jitter_s=0.0, loss=0.0):
    """The same probes, some of them lost and all of them late."""
    late = (rng.exponential(jitter_s, len(probes)) * 1e9).astype(np.int64)
    probes = replace(probes, time_ns=probes.time_ns + late)
    kept = np.flatnonzero(rng.random(len(probes)) >= loss)
    return take(probes, kept[np.argsort(probes.time_ns[kept], kind="stable")])


def conditions(probes, truth, rng):
    """(name, probes) for each thing that is done to a capture; forged headers once for every other tool."""
    yield "as captured", probes
    yield "headers blanked", without_headers(probes)
    yield "30 % loss", rough(probes, rng, loss=0.3)
    yield "1 ms jitter", rough(probes, rng, jitter_s=1e-3)
    yield "blanked, loss and jitter", without_headers(rough(probes, rng, jitter_s=1e-3, loss=0.3))
    for name in DRESSED:
        if name != truth:
            yield "headers of another tool", worn(probes, SCANNERS[name], rng)
            yield (
                "another's headers, loss and jitter",
                worn(rough(probes, rng, jitter_s=1e-3, loss=0.3), SCANNERS[name], rng),
            )


def captured(library):
    """Real captures: what is said of each stream, whole and by its first 100 probes."""
    rng, rows, sure, said = np.random.default_rng(3), {}, [], Counter()
    for entry in json.loads((CAPTURES / "manifest.json").read_text()):
        probes, scope, truth = read(CAPTURES / entry["file"]), telescope(entry["telescope"]), entry["scanner"]
        group = "wide" if entry["file"].startswith("wide") else "/16"
        streams = by_source(probes)
        for begin, end in zip([0, *streams.ends[:-1]], streams.ends, strict=True):
            if end - begin < 500:
                continue
            stream = take(probes, streams.order[begin:end])
            for name, changed in conditions(stream, truth, rng):
                for length, part in (("whole", changed), ("100", take(changed, slice(100)))):
                    verdicts = [one.verdict for one in judged(part, np.array([len(part)]), library, scope)]
                    best = max(verdicts, key=lambda one: one.probes, default=None)
                    label = best.label if best else "unknown"
                    row = rows.setdefault((group, name, length), Counter())
                    row["right" if label == truth else "unknown" if label == "unknown" else "wrong"] += 1
                    row["contradiction"] += bool(best and best.contradiction)
                    said[group, name, length, truth, label] += 1
                    if best and "another" not in name:
                        sure.append((best.confidence, label == truth))
    print("\n### Real captures: full verdict\n")
    print("| scans | condition | probes | right | unknown | wrong | contradiction in words |")
    print("|---|---|---|---|---|---|---|")
    for (group, name, length), row in rows.items():
        total = row["right"] + row["unknown"] + row["wrong"]
        print(
            f"| {group} | {name} | {length} | {row['right']} of {total} | {row['unknown']} | {row['wrong']} | "
            f"{row['contradiction']} |"
        )
    print("\nNot right:", {" ".join(map(str, key)): n for key, n in said.items() if key[3] != key[4]})
    return sure


def confidences(heard, calibration):
    """(confidence, right) of the verdict on each trial."""
    total = totals(heard, calibration)
    share = np.exp2(total - total.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    best = total[:, :-1].argmax(axis=1)
    odds = total[:, :-1].max(axis=1) - calibration.unknown
    needed = [calibration.threshold(heard.labels[label], FALSE_ALARM) for label in best]
    named = odds >= needed
    said = np.where(named, np.array(heard.labels)[best], "unknown")
    truth = np.where(np.isin(heard.truth, heard.labels), heard.truth, "unknown")
    return np.where(named, share[np.arange(len(best)), best], share[:, -1]), said == truth, said, odds


def auroc(known, strange):
    """Chance that a known scan has more bits above unknown than a strange one."""
    both = np.concatenate([known, strange])
    rank = np.argsort(np.argsort(both, kind="stable"), kind="stable")[: len(known)] + 1
    return (rank.sum() - len(known) * (len(known) + 1) / 2) / (len(known) * len(strange))


def open_set(library, count, engine):
    """Leave one tool out in turn: calibrate on some trials without it, ask about others."""
    learned = answers(library, trials(SCOPE, count, np.random.default_rng(11)), SCOPE, engine)
    tested = answers(library, trials(SCOPE, count, np.random.default_rng(12)), SCOPE, engine)
    for title, kinds in (("every kind of evidence", CALIBRATED), ("without headers", HEADERLESS)):
        print(f"\n### Open set, {title} (simulated): false-alarm rate {FALSE_ALARM:.0%}\n")
        print(
            "| unknown tool | its scans named | known scans named right | named wrong | AUROC |\n|---|---|---|---|---|"
        )
        for name in [*library.labels, "shodan"]:
            own = tested.headers == "own"
            before = without(replace(learned, **picked(learned, learned.truth != name)), name)
            calibration = next(one for one in calibrations(before, [kinds]))
            asked = without(tested, name)
            _, right, said, odds = confidences(asked, calibration)
            strange, known = own & (tested.truth == name), own & np.isin(tested.truth, asked.labels)
            named = (said != "unknown") & strange
            wrong = known & ~right & (said != "unknown")
            print(
                f"| {name} | {named.sum()} of {strange.sum()} ({named.sum() / strange.sum():.1%}) | "
                f"{(right & known).sum() / known.sum():.1%} | {wrong.sum() / known.sum():.1%} | "
                f"{auroc(odds[known], odds[strange]):.3f} |"
            )
    return met(tested, calibrations(learned, [CALIBRATED])[0])


def met(tested, calibration):
    """(confidence, right) of trials as often as they are thought to be met: forged headers one in 100, changed ones one
    in 50, and half as many scans of tools that the library does not know, each tool in turn.
    """
    rng = np.random.default_rng(13)
    often = np.array([COMMON.get(headers, RARE) for headers in tested.headers.tolist()])
    sure, right, _, _ = confidences(tested, calibration)
    kept = rng.random(len(sure)) < often
    pairs = list(zip(sure[kept].tolist(), right[kept].tolist(), strict=True))
    for name in tested.labels:
        sure, right, _, _ = confidences(without(tested, name), calibration)
        kept = (tested.truth == name) & (rng.random(len(sure)) < often * STRANGE)
        pairs += zip(sure[kept].tolist(), right[kept].tolist(), strict=True)
    return pairs


def picked(heard, where):
    """The fields of answers, of some trials only."""
    return {"truth": heard.truth[where], "headers": heard.headers[where], "bits": heard.bits[where]}


def told(title, pairs):
    rows = reliability([sure for sure, _ in pairs], [hit for _, hit in pairs])
    error = calibration_error(rows)
    print(f"\n### Reliability, {title}: expected calibration error {error:.3f} of {len(pairs)} verdicts\n")
    print("| sure | right | verdicts |\n|---|---|---|")
    for row in rows:
        print(f"| {row.confidence:.2f} | {row.right:.2f} | {row.count} |")


if __name__ == "__main__":
    bundled = Library.bundled()
    library = replace(Library.load(sys.argv[1]), calibrations=bundled.calibrations, typical=bundled.typical)
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 800
    print("Simulated trials and real captures; library:", library.provenance)
    real = captured(library)
    told("real captures (forged ones left out)", real)
    sys.stdout.flush()
    simulated = open_set(library, count, Threads())
    told("simulated trials", simulated)
    told("both together", real + simulated)
