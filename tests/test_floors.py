"""The house: imports go down only, rooms of one floor do not see each other, functions and files stay small."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "scangait"
FLOOR = {
    "errors": 0,
    "engine": 0,
    "kernel": 0,
    "probes": 1,
    "telescope": 1,
    "recipe": 1,
    "capture": 2,
    "scanners": 2,
    "gait": 2,
    "model": 2,
    "simulate": 3,
    "evidence": 3,
    "recognise": 4,
    "show": 5,
    "alert": 5,
    "cli": 6,
    "__init__": 6,
}
RESULTS = "scangait.recognise.results"
FILES = sorted(SOURCE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> list[str]:
    names = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    return names + [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_down_and_never_sideways(path):
    here = room_of(path)
    for name in imported(ast.parse(path.read_text())):
        if not name.startswith("scangait."):
            continue
        there = name.split(".")[1]
        assert there == here or FLOOR[there] < FLOOR[here], f"{here} imports {name}"
        if here in {"show", "alert"} and there == "recognise":
            assert name == RESULTS, f"{here} reads results only"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_files_and_functions_can_be_read_in_one_sitting(path):
    text = path.read_text()
    assert text.count("\n") <= 350, "a file above 350 lines holds more than one concept"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno <= 60, f"{node.name} is too long"


def test_every_room_has_a_floor():
    rooms = {room_of(path) for path in FILES}
    assert rooms <= set(FLOOR)
