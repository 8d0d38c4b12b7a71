"""The one test: every open question, asked of the org that --org names."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from live import report
from live.org import open_org
from live.question import Verdict
from live.questions import QUESTIONS
from live.walk import NotHere, agreed, walk
from sfkeytool.errors import SfkeytoolError

ENVIRON = dict(os.environ)
"""As it was before the tests' own fixtures took the user's settings of the Salesforce CLI out of it."""


@contextmanager
def uncaptured(config: pytest.Config) -> Iterator[None]:
    """Its user sees what is printed, and can answer."""
    capture = config.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    capture.suspend_global_capture(in_=True)
    try:
        yield
    finally:
        capture.resume_global_capture()


def test_the_open_questions(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Answers go into a report, whatever they are; it fails where something is left behind, or nothing was answered."""
    option = request.config.getoption
    alias = option("--org", None)
    if not alias:
        pytest.skip("no org is named: pytest tests/live --org ALIAS (docs/sources.md says what for)")
    begun = tuple(option("--question") or [""])
    questions = [question for question in QUESTIONS if question.id.startswith(begun)]
    assert questions, f"no question begins with {' or '.join(begun)}"
    with uncaptured(request.config):
        print()
        try:
            org = open_org(alias, tmp_path, ENVIRON, door=option("--live-door"))
            org.say = print
            kind = agreed(org, questions, (lambda _: "yes") if option("--live-yes") else input)
        except EOFError:
            pytest.fail("nobody could be asked: --live-yes agrees", pytrace=False)
        except (NotHere, SfkeytoolError) as reason:
            pytest.fail(str(reason), pytrace=False)
        walked = walk(org, kind, questions)
        pages = report.write(walked, org.secrets, Path(option("--live-report")), datetime.now(UTC), org.door.name)
        print("\n".join(["", *map(str, pages)]))
    assert walked.left == [], "still in the org: delete it in Setup"
    assert not walked.is_interrupted
    assert any(outcome.verdict is not Verdict.OPEN for outcome in walked.outcomes), "nothing was answered"
