"""The benchmark report whose tables this project rebuilds, where it is at hand."""

from pathlib import Path

import pytest

from tests.conftest import REAL_DATA

PUBLISHED_REPORT = REAL_DATA.parent / "references" / "000_43df6ab08321bbd1.txt"


@pytest.fixture
def published_report() -> Path:
    """The text of the published report; tests that need it are skipped where it is absent."""
    if not PUBLISHED_REPORT.is_file():
        pytest.skip(f"the published report is not at {PUBLISHED_REPORT}")
    return PUBLISHED_REPORT
