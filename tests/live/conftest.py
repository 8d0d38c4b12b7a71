"""The options of ``pytest tests/live``."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("live", "an org that is asked what no source tells (docs/sources.md)")
    group.addoption("--org", metavar="ALIAS", help="a sandbox or scratch org, as the Salesforce CLI knows it")
    group.addoption("--live-yes", action="store_true", help="agree to what will be made and deleted there")
    group.addoption("--live-report", metavar="FOLDER", default=".", help="where the report goes [default: here]")
    group.addoption("--question", metavar="ID", action="append", help="only questions whose ids begin so; repeatable")
    group.addoption(
        "--live-door", choices=("browser", "form"), default="browser",
        help="what goes through the import page: form sends what a browser would [default: browser]",
    )  # fmt: skip
