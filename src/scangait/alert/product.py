"""Product: the name and version under which every receiver files our alerts."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

NAME: Final = "scangait"
VERSION: Final = version(NAME)
