"""The way of source into an org, through the user's own Salesforce CLI: said, asked, run, read back."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from sfkeytool.cli.ending import Told
from sfkeytool.cli.fields import Field, Group, Offer, Question, Values
from sfkeytool.cli.finishing import tell
from sfkeytool.cli.org_access import OneOrg, connected, optional_org
from sfkeytool.cli.render import certificate_line
from sfkeytool.cli.run import Run
from sfkeytool.cli.sfdx_project import project_around, write_source
from sfkeytool.errors import InterruptedRunError, OrgError, SfkeytoolError, UsageError
from sfkeytool.model import NextStep, Notice, Outcome
from sfkeytool.shell import line_inside, shell_line

if TYPE_CHECKING:
    from sfkeytool.salesforce.org import OrgClient
    from sfkeytool.workflows.sfdx_project import Deployable, Destination

D = TypeVar("D", bound="Deployable")

_DEPLOY_SECONDS = 40 * 60.0
"""The Salesforce CLI itself waits 33 minutes for a deployment."""

SOURCE_FIELDS = (
    Field("label", str, "Label of the record. [default: NAME, or as it is]", ("--label",), metavar="TEXT"),
    Field(
        "project",
        Path,
        "An sfdx project, or a new folder for a minimal one. [default: the project around this folder, else a new"
        " folder]",
        ("--project",),
        metavar="DIR",
        group=Group.WHERE,
        offer=Offer.FOLDER,
    ),
    Field(
        "deploy",
        bool,
        "Let the Salesforce CLI deploy it, after saying where and asking; then read back.",
        ("--deploy",),
        group=Group.ORG,
        question=Question("Deploy it with the Salesforce CLI right away?", "confirm", menu_only=True),
    ),
    Field("yes", bool, "Do not ask before --deploy.", ("--yes",), into="confirmed", group=Group.ORG),
)


class Deployment:
    """What becomes of a run's source. ``org`` is None where none is named: then there is nothing to ask or to run."""

    def __init__(self, run: Run, values: Values, *, wanted: bool, confirmed: bool) -> None:
        """Raises UsageError for flags that contradict each other, and what reaching the org raises."""
        self._run = run
        self._wanted = wanted
        self._confirmed = confirmed
        if wanted and not (values["target_org"] or run.environ.get("SF_TARGET_ORG")):
            raise UsageError("usage.missing", "missing: --target-org", "--deploy goes through the Salesforce CLI")
        if wanted and values.get("client_id") is not None:
            raise UsageError("usage.target-org", "--deploy goes through the Salesforce CLI: leave out --client-id")
        if confirmed and not wanted:
            raise UsageError("usage.yes", "--yes is about --deploy", "add --deploy")
        if wanted and not confirmed and run.asker is None:
            raise UsageError(
                "usage.confirm", "--deploy changes an org, and nobody is here to be asked", "say so beforehand: --yes"
            )
        access = optional_org(run, values)
        self.org: OneOrg | None = connected(run, access, must_tell=wanted) if access is not None else None

    def destination(self, project: Path | None, new_folder: str) -> "Destination":
        """``project`` as given, else the one around this folder, else a new one."""
        from sfkeytool.workflows.sfdx_project import Destination

        place = project or project_around(Path.cwd()) or Path(new_folder)
        self._run.settle(place.parent)
        if self.org is None:
            return Destination(str(place), not os.path.lexists(place), None)
        return Destination(str(place), not os.path.lexists(place), self.org.identity, self.org.cli_alias)

    def ask(self, change: str) -> None:
        """Say which org and what changes; that is to be agreed to before anything is written or sent."""
        if not self._wanted or self.org is None:
            return
        org = self.org.identity
        where = ", ".join(filter(None, (org.name, org.kind, org.org_id, org.instance_url)))
        verb = "would be" if self._run.dry_run else "is"
        self._run.console.announce(Notice("ckm.deploying", f"the org {org.alias} ({where}) {verb} changed: {change}"))
        if not self._confirmed:
            self._run.agreement.demand(
                "Deploy to this org?",
                OrgError("ckm.not-agreed", "not agreed to: nothing was written and nothing was deployed"),
            )

    def finish(
        self,
        destination: "Destination",
        outcome: Outcome[D],
        name: str,
        differs: "Callable[[OrgClient], str]",
        *,
        what: str,
        instead: str,
        told: Told | None = None,
        force: bool = False,
    ) -> int:
        """Write the source, deploy the record ``name`` if that is wanted, and tell.

        ``differs`` reads back, and says what is not as it should be; empty if all is. ``instead`` is the way on where a
        file is there already. Raises OrgError, and as write_source().
        """
        from sfkeytool.salesforce.cli_bridge import deploy_arguments

        project = Path(destination.project)
        about = [f"{name}: {what}", *([certificate_line(told.certificate)] if told is not None else [])]
        receipts = write_source(
            self._run, project, outcome.artifacts, is_new=destination.is_new, force=force, instead=instead, about=about
        )
        if self._deploy(project, name, differs):
            outcome = replace(outcome, result=replace(outcome.result, deployed=True))
            heading = f"{name}: deployed to {self._label}, and read back as it should be"
        else:
            words = ["sf", *deploy_arguments(destination.cli_alias or "ALIAS", name)[:-1]]
            by_hand = f"It was tried against no live org: a sandbox first. Inside {project}: `{shell_line(words)}`"
            deploy = NextStep(
                "Deploy it inside the project's folder. It was tried against no live org: a sandbox first.",
                shell_line(words) if project == project_around(Path.cwd()) else line_inside(str(project), words),
            )
            outcome = replace(
                outcome,
                next_steps=(by_hand, *outcome.next_steps),
                first_steps=(deploy, *outcome.first_steps),
            )
            heading = f"{name}: {what}"
        return tell(self._run, outcome, receipts, heading, told)

    @property
    def _label(self) -> str:
        return self.org.label if self.org is not None else ""

    def _deploy(self, project: Path, name: str, differs: "Callable[[OrgClient], str]") -> bool:
        """Whether it was deployed and read back as it should be. Raises OrgError."""
        if not self._wanted or self.org is None or self.org.cli_alias is None or self._run.dry_run:
            return False
        from sfkeytool.edge.salesforce_cli import run_salesforce_cli
        from sfkeytool.salesforce import cli_bridge

        arguments = cli_bridge.deploy_arguments(self.org.cli_alias, name)
        perhaps = f"the deployment may go on in {self._label}: look at Setup > Deployment Status"
        try:
            with self._run.progress(f"deploying to {self._label} …"):
                done = run_salesforce_cli(
                    arguments,
                    cli_bridge.cli_environment(self._run.environ),
                    timeout_seconds=_DEPLOY_SECONDS,
                    cwd=project,
                )
        except KeyboardInterrupt:
            raise InterruptedRunError("interrupted", f"interrupted; {perhaps}") from None
        except OrgError as error:
            raise OrgError(error.code, error.message, *error.hints, perhaps) from None
        cli_bridge.parse_deploy(done.stdout, self._label)
        try:
            difference = differs(self.org.client)
        except SfkeytoolError as error:
            raise OrgError(
                "ckm.readback",
                f"{self._label} took the deployment, but could not be read back: {error.message}",
                *error.hints,
            ) from None
        if difference:
            raise OrgError(
                "ckm.readback",
                f"{self._label} took the deployment, but {difference}",
                "look at it in Setup > Certificate and Key Management before anything relies on it",
            )
        return True
