"""The way through the door that a person goes: the page is opened for them, and they are told what to do there."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sfkeytool.cli.render import wrapped
from sfkeytool.cli.run import Run
from sfkeytool.errors import OrgError
from sfkeytool.model import Notice
from sfkeytool.shell import path_argument, shell_line

if TYPE_CHECKING:
    from sfkeytool.cli.keystore_field import Found
    from sfkeytool.cli.org_access import OneOrg
    from sfkeytool.workflows.ckm_import.door import Errand, PageAnswer


_OPENING_SECONDS = 300.0
"""The Salesforce CLI itself waits 240 for the name of an org's pages to be known."""


class ByHand:
    """A Way (workflows/ckm_import/door.py). ``opens``: the page is opened through the user's own Salesforce CLI; else
    its address is told, without a session."""

    def __init__(self, run: Run, org: "OneOrg", found: "Found", *, opens: bool) -> None:
        self._run = run
        self._org = org
        self._found = found
        self._opens = opens

    def __call__(self, errand: "Errand") -> "PageAnswer | None":
        """None: what the page shows, the person sees alone. Raises KeyboardInterrupt."""
        self._run.console.show(["", *self._lines(errand.keystore_path, opened=self._open()), ""])
        return None

    def _open(self) -> bool:
        """Whether the page is on its way to a browser."""
        alias = self._org.cli_alias
        if not self._opens or not alias:
            return False
        from sfkeytool.edge.browser import browser_environment, has_display
        from sfkeytool.edge.salesforce_cli import run_salesforce_cli
        from sfkeytool.salesforce.cli_bridge import cli_environment, open_arguments
        from sfkeytool.workflows.ckm_import.door import import_page

        environ = self._run.environ
        problem = "" if has_display(environ) else "there is no display here"
        if not problem:
            environment = browser_environment(environ) | cli_environment(environ)
            try:
                with self._run.progress(f"opening the import page of {alias} …"):
                    done = run_salesforce_cli(
                        open_arguments(alias, import_page()), environment, timeout_seconds=_OPENING_SECONDS
                    )
                problem = f"the Salesforce CLI could not open it (exit code {done.exit_code})" if done.exit_code else ""
            except OrgError as error:
                problem = error.message
        if problem:
            self._run.console.warn(Notice("ckm.not-opened", f"the import page was not opened: {problem}"))
        return not problem

    def _lines(self, keystore: str, *, opened: bool) -> Iterator[str]:
        from sfkeytool.workflows.ckm_import.door import IMPORT_PATH, import_page

        if opened:
            yield from self._numbered(1, f"Your browser opens the page Import from a Keystore of {self._org.label}.")
        else:
            yield from self._numbered(
                1, f"Log in to {self._org.label} as a user who may manage certificates, and open:"
            )
            yield f"    {self._org.client.url}{IMPORT_PATH}"
            if self._org.cli_alias:
                yield from wrapped("or, logged in by the Salesforce CLI:", "    ")
                words = ["sf", "org", "open", "--path", import_page(), "--target-org", self._org.cli_alias]
                yield f"    {shell_line(words)}"
        yield from self._numbered(2, "Keystore File: choose")
        yield f"    {keystore}"
        yield from self._numbered(3, f"Keystore Password: {self._where_the_password_is()}")
        yield from self._numbered(
            4,
            "Press Save. Does the page show an error? "
            + shell_line(["sfkeytool", "explain", "TEXT"])
            + " tells what it means.",
        )

    @staticmethod
    def _numbered(number: int, text: str) -> list[str]:
        return wrapped(text, f"{number}. ", sys.stderr)

    def _where_the_password_is(self) -> str:
        path = self._found.password_path
        if path is None:
            return "the one that the keystore was made with"
        return f"it is in {path_argument(str(path.absolute()))}"
