"""docs/last-mile.txt: from nothing to ``covered``, as the commands print it today."""

import sys

import pytest
from last_mile import PAGE, session

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")


@pytest.mark.slow
def test_the_page_shows_what_is_printed_today() -> None:
    """Each step ends with exit code 0, the last with the app covered. Stale? python tests/last_mile.py"""
    found = session()
    told = [found.index(text) for text in ("read back from CKM of uat: the same", "deployed and read back", "covered")]
    assert told == sorted(told)
    assert found == PAGE.read_text(encoding="utf-8")
