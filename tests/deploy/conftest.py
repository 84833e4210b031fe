"""The lake of one test."""

from __future__ import annotations

from tests.lake.conftest import lake, postgres

__all__ = ["lake", "postgres"]
