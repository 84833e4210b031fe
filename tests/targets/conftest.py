"""What the tests of each kind of target start, for a test that compares them."""

from __future__ import annotations

from tests.lake.conftest import lake, postgres
from tests.quack.conftest import quack, serve, settings_of_tests

__all__ = ["lake", "postgres", "quack", "serve", "settings_of_tests"]
