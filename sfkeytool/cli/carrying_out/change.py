"""A change under way: what its steps work with."""

from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sfkeytool.cli.fields import Values
from sfkeytool.cli.generation_folders import certificate_in
from sfkeytool.cli.org_access import OneOrg
from sfkeytool.cli.run import Run
from sfkeytool.errors import InputError
from sfkeytool.workflows.carry_out.record import CarryOut, CarryState, Prints

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate
    from sfkeytool.crypto.certificates import CertificateFacts
    from sfkeytool.salesforce.org import OrgClient
    from sfkeytool.workflows.app_address import AppAddress
    from sfkeytool.workflows.renew import RenewRequest


class Change:
    """``folder`` and ``new_folder`` are those of the two generations; ``address`` is of the app that gets the
    certificate. ``record`` is what was saved last, ``at_start`` what it was when the run began.
    ``program`` is the browser that is driven through the import page; empty where a person is there."""

    def __init__(
        self, run: Run, values: Values, request: "RenewRequest", org: OneOrg, record: CarryOut, folder: Path
    ) -> None:
        from time import monotonic, sleep

        from sfkeytool.cli.generation_folders import parent
        from sfkeytool.workflows.carry_out.proving import Count
        from sfkeytool.workflows.login import Clock

        self.run = run
        self.values = values
        self.request = request
        self.org = org
        self.record = self.at_start = record
        self.folder = folder
        self.new_folder = parent(folder) / record.new_name
        self.clock = Clock(lambda: datetime.now(UTC), monotonic, sleep)
        self.count = Count()
        self.program = ""
        self.wait_seconds = 60 * int(values["wait"])

    @property
    def client(self) -> "OrgClient":
        """With its whole time ahead."""
        self.org.client.begin_anew()
        return self.org.client

    @property
    def app(self) -> str:
        """That of a change that has one."""
        assert self.record.app is not None  # noqa: S101 - else no step is about an app
        return self.record.app

    @cached_property
    def address(self) -> "AppAddress":
        """Raises OrgError."""
        from sfkeytool.workflows.app_address import find_app

        return find_app(self.client, self.app)

    def was_begun(self, id: str) -> bool:
        """Whether an earlier run began this step, and did not come to its end."""
        step = self.at_start.step(id)
        return step is not None and step.state is CarryState.STARTED

    def new_facts(self) -> "CertificateFacts":
        """Of the new generation. Raises InputError where it is gone."""
        facts = certificate_in(self.run, self.new_folder, self.record.new_name)
        if facts is None:
            path = self.new_folder / f"{self.record.new_name}.crt"
            raise InputError("carry.files-gone", f"{path} is not there any more, or cannot be read")
        return facts

    def new_certificate(self) -> "Certificate":
        """The same, to be deployed. Raises InputError and CertificateError."""
        from sfkeytool.keystores.contents import parse_contents
        from sfkeytool.keystores.leaves import only_leaf

        self.new_facts()
        file = self.run.read(self.new_folder / f"{self.record.new_name}.crt")
        contents = parse_contents(file, (), load_keys=False)
        return only_leaf(contents.certificates, file.label, contents.unreadable).certificate


def prints_of(facts: "CertificateFacts") -> Prints:
    """The fingerprints of a generation. Pure."""
    return Prints(certificate_sha256=facts.sha256, public_key_sha256=facts.public_key_sha256, not_after=facts.not_after)
