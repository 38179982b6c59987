import json
from dataclasses import replace

import numpy as np
import pytest

from scangait.errors import LibraryError
from scangait.evidence.library import Candidate, Intensity, Library, encode, parse
from scangait.model.hmm import HMM
from scangait.model.poisson import PoissonHMM
from scangait.recipe import Recipe
from scangait.recognise.candidates import groups, knee, scaled_rows
from scangait.recognise.confusion import confusion


def a_library(seed=0):
    rng = np.random.default_rng(seed)
    models = [
        HMM(rng.dirichlet([1] * k), rng.dirichlet([1] * k, k), rng.normal(0, 1, (k, 2)), rng.uniform(0.1, 1, (k, 2)))
        for k in (1, 3)
    ]
    paces = [PoissonHMM(rng.dirichlet([1] * k), rng.dirichlet([1] * k, k), rng.uniform(0.1, 20, k)) for k in (1, 3)]
    return Library(
        tuple(Candidate("zmap", 0, 2, hmm) for hmm in models),
        Recipe(seed=3),
        256,
        "a test",
        intensities=tuple(Intensity("nmap", 3, pace) for pace in paces),
    )


def test_a_library_comes_back_exactly(tmp_path):
    library = a_library()
    library.save(tmp_path / "l.json")
    again = Library.load(tmp_path / "l.json")
    assert encode(again) == encode(library)
    assert again.recipe == library.recipe
    for old, new in zip(library.candidates, again.candidates, strict=True):
        assert np.array_equal(old.model.transition, new.model.transition)
    for old, new in zip(library.intensities, again.intensities, strict=True):
        assert (old.label, old.members) == (new.label, new.members)
        assert np.array_equal(old.model.start, new.model.start)
        assert np.array_equal(old.model.transition, new.model.transition)
        assert np.array_equal(old.model.rates, new.model.rates)


def test_the_paper_recipe_comes_back_too():
    library = replace(a_library(), recipe=replace(Recipe.paper(), longest_pause_s=1e300))
    assert parse(encode(library), "x").recipe == library.recipe


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content.update(format="other"), "not a library"),
        (lambda content: content.update(format_version=1), "library version 1, this program reads 2"),
        (lambda content: content.update(surprise=1), "damaged"),
        (lambda content: content.pop("size"), "damaged"),
        (lambda content: content["recipe"].update(movement="sideways"), "damaged"),
        (lambda content: content["candidates"][0].update(start=[2.0]), "damaged"),
        (lambda content: content.pop("intensities"), "damaged"),
        (lambda content: content["intensities"][0].update(rates=[-1.0]), "damaged"),
    ],
)
def test_a_library_that_is_not_ours_is_refused(change, message):
    content = json.loads(encode(a_library()))
    change(content)
    with pytest.raises(LibraryError, match=message):
        parse(json.dumps(content).encode(), "x")


def test_the_bundled_library_knows_its_tools():
    library = Library.bundled()
    assert {candidate.label for candidate in library.candidates} == {
        "zmap",
        "masscan",
        "nmap",
        "unicornscan",
        "sweeper",
        "chance",
    }
    assert {one.label for one in library.intensities} == {candidate.label for candidate in library.candidates}


def test_models_of_two_kinds_fall_into_two_groups():
    rng = np.random.default_rng(1)
    far = np.array([[0, 1], [1, 0]]).repeat(10, 0).repeat(10, 1) * 5.0
    matrix = -far - rng.uniform(0, 0.1, (20, 20)) * (1 - np.eye(20))
    group = groups(matrix, Recipe())
    assert len(set(group[:10])) >= 1
    assert not set(group[:10]) & set(group[10:])


def test_few_models_all_stay():
    assert groups(np.zeros((3, 3)), Recipe()).tolist() == [0, 1, 2]


def test_the_knee_is_where_the_curve_turns():
    assert knee(np.array([1.0, 1.1, 1.2, 1.3, 9.0, 20.0])) == 1.3


def test_rows_are_scaled_to_one():
    assert scaled_rows(np.array([[1.0, 3.0, 2.0], [5.0, 5.0, 5.0]])).tolist() == [[0, 1, 0.5], [1, 1, 1]]


def test_scores_of_the_papers_own_confusion_matrix():
    truth = ["zmap"] * 372 + ["shodan"] * 67
    said = ["zmap"] * 368 + ["shodan"] * 4 + ["zmap"] * 17 + ["shodan"] * 50
    result = confusion(truth, said)
    assert (round(result.accuracy, 3), round(result.balanced_accuracy, 3), round(result.mcc, 3)) == (
        0.952,
        0.868,
        0.805,
    )
    assert round(result.majority_baseline, 3) == 0.847
