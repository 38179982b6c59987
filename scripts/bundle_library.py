"""Learn the bundled library from simulated scans and the example captures: python scripts/bundle_library.py.

Each capture has a telescope of its own, all of one size, so that samples are cut per capture and learned together.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from scangait.capture import read
from scangait.engine import Threads
from scangait.gait.samples import Sample, samples
from scangait.gait.streams import by_label
from scangait.probes import labelled
from scangait.recipe import Recipe
from scangait.recognise.calibrate import calibrated
from scangait.recognise.learn import learn_samples
from scangait.simulate.training import training
from scangait.simulate.trials import trials
from scangait.telescope import telescope

ROOT = Path(__file__).parent.parent
TRIALS = 3200
CAPTURES = ROOT / "examples" / "captures"


def captured(recipe: Recipe) -> dict[str, list[Sample]]:
    """Labelled samples of each example capture."""
    found = {}
    for entry in json.loads((CAPTURES / "manifest.json").read_text()):
        probes = read(CAPTURES / entry["file"])
        truth = labelled(probes, np.full(len(probes), entry["scanner"]))
        found[entry["file"]] = samples(truth, by_label(truth), telescope(entry["telescope"]), recipe)
    return found


if __name__ == "__main__":
    recipe = Recipe()
    by_capture = captured(recipe)
    everything = [sample for found in by_capture.values() for sample in found]
    everything += training(telescope("93.184.208.0/20"), recipe)
    source = f"simulated scans and {len(by_capture)} real captures by a /20 (examples/captures)"
    library = learn_samples(everything, 4096, recipe, engine=Threads(), provenance=source)
    scope = telescope("93.184.208.0/20")
    library = calibrated(library, trials(scope, TRIALS, np.random.default_rng(1)), scope, Threads())
    replace(library, simulated=True).save(ROOT / "src" / "scangait" / "library.json")
    print(f"{len(library.candidates)} candidates from {source}")
