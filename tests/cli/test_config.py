import doctest
import os
import re
from pathlib import Path

import pytest

from scangait.cli import config
from scangait.cli.config import checked, load_config, size
from scangait.errors import ConfigError

ROOT = Path(__file__).parents[2]


def written(tmp_path, text):
    path = tmp_path / "watch.toml"
    path.write_text(text)
    return path


def good(tmp_path):
    return (
        f'source = "{tmp_path}"\nstate = "{tmp_path}/state"\ntelescope = "198.51.100.0/24"\nuser = "nobody"\n'
        f'[[output]]\nto = "ecs={tmp_path}/alerts.json"\nrotate_bytes = "100 MiB"\n'
        '[[output]]\nto = "json=https://hook.example/?key=1"\n'
    )


def test_a_good_configuration_says_what_it_means(tmp_path):
    said, wrong = checked(load_config(written(tmp_path, good(tmp_path))))
    assert wrong == []
    assert [line.partition(":")[0] for line in said] == [
        "source", "telescope", "library", "state", "user", "memory", "checkpoint", "metrics", "output 1", "output 2",
    ]  # fmt: skip
    assert "telescope: 256 addresses" in said
    assert "key" not in said[-1]
    assert not (tmp_path / "state").exists()
    assert not (tmp_path / "alerts.json").exists()


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("source = ", "sauce = ", "sauce"),
        ("100 MiB", "100 lightyears", ""),
        ("[[output]]", "[[output", "no TOML"),
        ("rotate_bytes = ", "rotate_bytes = -1 # ", "rotate_bytes"),
    ],
)
def test_a_wrong_file_names_the_line_or_field(tmp_path, old, new, complaint):
    path = written(tmp_path, good(tmp_path).replace(old, new))
    if not complaint:
        assert "lightyears" in checked(load_config(path))[1][0]
        return
    with pytest.raises(ConfigError, match=complaint) as caught:
        load_config(path)
    assert "\n" not in str(caught.value)


def test_every_wrong_value_is_said_at_once(tmp_path):
    text = (
        f'source = "interface:nowhere"\nstate = "{tmp_path}/watch.toml/state"\ntelescope = "300.0.0.0/8"\nlibrary = "/none.json"\n'
        f'user = "root"\nmemory = "much"\nmetrics = "here"\n[[output]]\nto = "xml=-"\n[[output]]\nto = "cef={tmp_path}/watch.toml/a"\n'
        '[[output]]\nto = "json=-"\ntoken = "/none"\n'
    )
    said, wrong = checked(load_config(written(tmp_path, text)))
    assert [line.partition(":")[0] for line in said] == ["checkpoint"]
    assert len(wrong) == 10
    assert all("\n" not in line for line in wrong)


def test_a_file_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "none.toml")


def test_sizes_and_docstrings():
    assert size(7) == 7
    assert size("2 GB") == 2 * 10**9
    assert not doctest.testmod(config).failed


def test_the_example_in_the_docs_is_read(tmp_path):
    text = (ROOT / "docs" / "outputs.md").read_text()
    example = re.search(r"```toml\n(.*?)```", text, re.DOTALL)[1]
    loaded = load_config(written(tmp_path, example))
    assert {one.to.partition("=")[0] for one in loaded.output} == {"ecs", "cef", "json"}
    assert os.path.isabs(loaded.state)
