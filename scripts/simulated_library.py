"""Learn by simulation alone, identify the real captures: python scripts/simulated_library.py.

No real packet is learned from. The table stands in docs/choices.md beside that of the library learned from captures.
"""

import time
from collections import defaultdict

import numpy as np
from bundle_library import CAPTURES, captured
from leave_one_out import TOOLS, WINDOWS

from scangait.capture import read
from scangait.engine import Threads
from scangait.evidence.case import Case
from scangait.evidence.movement import best_by_label, per_movement
from scangait.gait.samples import pieces
from scangait.recipe import Recipe
from scangait.recognise.judged import decisions_for
from scangait.recognise.learn import learn_samples
from scangait.simulate.training import training
from scangait.telescope import telescope

if __name__ == "__main__":
    recipe, engine = Recipe(), Threads()
    started = time.perf_counter()
    scope = telescope("198.19.16.0/20")
    found = training(scope, recipe)
    library = learn_samples(found, 4096, recipe, engine=engine, provenance="simulated")
    print(
        f"{len(found)} simulated samples, {len(library.candidates)} candidates, {time.perf_counter() - started:.0f} s"
    )
    kept = [candidate for candidate in library.candidates if candidate.label in TOOLS]  # as leave_one_out.py asks
    answers = defaultdict(list)
    for name, heard in captured(recipe).items():
        group = "wide" if name.startswith("wide") else "/16"
        probes = read(CAPTURES / name)
        for window in WINDOWS:
            cut = [piece for sample in heard for piece in (pieces(sample, window) if window else [sample])]
            cut = [piece for piece in cut if len(piece.broken) >= recipe.min_movements]
            names, best = best_by_label(per_movement(cut, kept, 4096, recipe, engine), kept)
            if not window:
                best = (best * [[len(sample.broken)] for sample in cut]).sum(axis=0, keepdims=True)
            said = [names[i] for i in best.argmax(axis=1)]
            marked = decisions_for(Case(probes, cut, scope, library, engine=engine), ("movement", "signature"))
            answers[f"{group} with headers", window] += [(cut[0].label, one.label, 1 / len(cut)) for one in marked]
            answers[group, window] += [(cut[0].label, word, 1 / len(said)) for word in said]
            if not window:
                print(f"{name:50} {said[0]}")
    for (group, window), rows in answers.items():
        recalls = []
        for tool in TOOLS:
            own = [(word == tool, weight) for truth, word, weight in rows if truth == tool]
            if own:
                recalls.append(sum(hit * weight for hit, weight in own) / sum(weight for _, weight in own))
        print(group, window or "whole", "balanced", round(float(np.mean(recalls)), 3), np.round(recalls, 2))
