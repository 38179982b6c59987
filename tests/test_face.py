import doctest
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import scangait
import scangait.probes
import scangait.telescope
from scangait.cli import COMMANDS, cli

ROOT = Path(__file__).parent.parent


def test_all_equals_what_is_exported_sorted():
    assert scangait.__all__ == sorted(scangait.__all__) == sorted(scangait._HOME)
    for name in scangait.__all__:
        assert getattr(scangait, name).__name__ == name


def test_public_names_stay_themselves_whatever_is_imported_first():
    words = "import scangait as sg; sg.read; sg.Library; assert callable(sg.identify) and callable(sg.evaluate)"
    subprocess.run([sys.executable, "-c", words], check=True)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_is_in_the_docs(name):
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert len(command.help) > 20
    assert f"scangait {name}" in (ROOT / "README.md").read_text()


def test_help_imports_nothing_heavy():
    words = (
        "import sys\nfrom scangait.cli import COMMANDS, cli\n"
        "for words in ([], *([name] for name in COMMANDS)):\n"
        "    cli.main([*words, '--help'], standalone_mode=False)\n"
        "heavy = {'numba', 'sklearn', 'scipy', 'matplotlib', 'polars', 'numpy'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", words], check=True, capture_output=True)


@pytest.mark.parametrize("module", [scangait, scangait.probes, scangait.telescope], ids=lambda module: module.__name__)
def test_docstring_examples_run(module, monkeypatch):
    monkeypatch.chdir(ROOT)
    result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted
    assert not result.failed


def test_the_readme_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted >= 3
    assert not result.failed


def test_usage_errors_exit_with_2():
    assert CliRunner().invoke(cli, ["identify"]).exit_code == 2
    assert CliRunner().invoke(cli, ["identify", "--evidence", "stars", "x"]).exit_code == 2


def test_every_field_of_a_verdict_is_documented():
    text = (ROOT / "docs" / "verdict.md").read_text()
    for name in scangait.Verdict.__struct_fields__:
        assert name in text
