"""Leave-one-capture-out over the example captures, from movement alone: python scripts/leave_one_out.py [joint].

Every capture in turn is left out of the library and asked about: as it is, with jitter, and with loss put on it.
"""

import sys
from collections import defaultdict
from dataclasses import replace

import numpy as np
from bundle_library import captured

from scangait.engine import Threads
from scangait.evidence.movement import best_by_label, per_movement
from scangait.gait.disturb import disturb
from scangait.gait.samples import pieces
from scangait.recipe import MOVEMENTS, Recipe
from scangait.recognise.learn import candidates, fit, training_set

TESTS = (("as captured", 0, 0), ("50 us jitter", 50e-6, 0), ("200 us jitter", 2e-4, 0), ("1 ms jitter", 1e-3, 0),
         ("10 % loss", 0, 0.1), ("30 % loss", 0, 0.3))  # fmt: skip
WINDOWS = (100, 300, 1000, None)
TOOLS = ("zmap", "masscan", "nmap")
SIZE = 4096


def said(found, kept, recipe, engine, whole):
    fits = per_movement(found, kept, SIZE, recipe, engine)
    names, best = best_by_label(fits, kept)
    if whole:  # one answer for the capture: the log-likelihoods of its samples added up
        best = (best * [[len(sample.broken)] for sample in found]).sum(axis=0, keepdims=True)
    return [names[i] for i in best.argmax(axis=1)]


def run(recipe, engine):
    """(group, test, window) -> list of (truth, said)."""
    rng = np.random.default_rng(5)
    by_capture = captured(recipe)
    training = {name: training_set(found, recipe, rng) for name, found in by_capture.items()}
    fitted = fit([sample for found in training.values() for sample in found], SIZE, recipe, engine)
    owner = np.repeat(list(training), [len(found) for found in training.values()])
    answers = defaultdict(list)
    for name, found in by_capture.items():
        print(".", end="", flush=True, file=sys.stderr)
        keep = np.flatnonzero(owner != name).tolist()
        others = replace(
            fitted,
            samples=tuple(
                fitted.samples[i] if i in set(keep) else replace(fitted.samples[i], label="left out")
                for i in range(len(owner))
            ),
        )
        kept = [c for c in candidates(others, recipe, rng, engine) if c.label != "left out"]
        group = "wide" if name.startswith("wide") else "/16"
        for test, jitter, loss in TESTS:
            heard = [disturb(sample, rng, jitter_s=jitter, loss=loss) for sample in found]
            for window in WINDOWS:
                cut = [piece for sample in heard for piece in (pieces(sample, window) if window else [sample])]
                cut = [piece for piece in cut if len(piece.broken) >= recipe.min_movements]
                answers[group, test, window] += [
                    (found[0].label, answer) for answer in said(cut, kept, recipe, engine, whole=window is None)
                ]
    return answers


def cell(pairs):
    recalls = [
        np.mean([b == tool for a, b in pairs if a == tool]) for tool in TOOLS if any(a == tool for a, _ in pairs)
    ]
    return f"{np.mean(recalls):.3f} ({' '.join(f'{recall:.2f}' for recall in recalls)})"


if __name__ == "__main__":
    for movement in sys.argv[1:] or MOVEMENTS:
        answers = run(Recipe(movement=movement), Threads())
        print(f"\n### {movement}: balanced accuracy (recall of zmap, masscan, nmap)\n")
        print("| scans | test | 100 | 300 | 1000 | whole |\n|---|---|---|---|---|---|")
        for group in ("/16", "wide"):
            for test, _, _ in TESTS:
                print(f"| {group} | {test} |", " | ".join(cell(answers[group, test, w]) for w in WINDOWS), "|")
