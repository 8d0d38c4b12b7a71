"""An org as a source of the audit: all that its APIs show of certificates, and of the people who are mailed.

What the user may not see becomes a Problem, and the reading goes on. It never asks that an org open its apps' consumer
secrets to the Metadata API: Salesforce's own controls say to keep that off.
"""

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from sfkeytool.audit.apex import certificates_named
from sfkeytool.audit.fields import carriers_of, carriers_of_content
from sfkeytool.audit.files import WAITS_FOR_CA
from sfkeytool.audit.model import Carrier, CarrierKind, OrgReading, Problem, Source, failure
from sfkeytool.audit.org_components import Components
from sfkeytool.audit.org_recipients import ask_for_recipients
from sfkeytool.errors import NetworkError, OrgError, SfkeytoolError
from sfkeytool.keystores.metadata_xml import TYPES
from sfkeytool.salesforce import ckm, soap
from sfkeytool.salesforce.org import OrgClient, OrgIdentity, ends_everything
from sfkeytool.salesforce.questions import MOST_AT_ONCE, Ask, Questions

_GLOBAL = "ExtlClntAppGlobalOauthSettings"
_CARRYING_APP_TYPES = ("ConnectedApp", _GLOBAL)
_APP_TYPES = ("ConnectedApp", "ExternalClientApplication", _GLOBAL)
_CONTENT_TYPES = {"InboundCertificate": CarrierKind.INBOUND, "UserAuthCertificate": CarrierKind.USER_AUTH}
_OTHER_TYPES = (
    *sorted(TYPES - {"ConnectedApp", _GLOBAL}),
    *_CONTENT_TYPES,
)

_APEX = (
    ("ApexClass", "SELECT Name, Body FROM ApexClass WHERE NamespacePrefix = null"),
    ("ApexTrigger", "SELECT Name, Body FROM ApexTrigger WHERE NamespacePrefix = null"),
)


def read_org(
    client: OrgClient, label: str, stated: Mapping[str, Carrier] | None = None, *, at_once: int = MOST_AT_ONCE
) -> Source:
    """Everything in one org; what could not be read is among the problems. Changes nothing there.

    ``stated`` are certificates by lower-case name of the app that carries them, as the configuration says: they stand
    in for what the org does not show. Never raises.

    What does not wait for another answer is asked at once, up to ``at_once`` questions; it is judged in the same order,
    whichever comes first.
    """
    reading = _Reading(client, label, stated or {})
    try:
        with Questions(at_once) as questions:
            reading.read(questions)
    except (OrgError, NetworkError) as error:
        reading.problem("", error)
    except Exception as error:  # a bug of ours costs the rest of this org, not what was read, and no other source
        reading.problem("", failure(error))
    return reading.source()


def unreachable(label: str, error: SfkeytoolError) -> Source:
    """The source of an org to which there is no way. Pure."""
    problem = Problem(label, label, error.code, f"{label}: {error.message}")
    return Source(label, problems=(problem,), org=OrgReading(OrgIdentity.untold(label)))


class _Reading:
    """One org, part after part."""

    def __init__(self, client: OrgClient, label: str, stated: Mapping[str, Carrier]) -> None:
        self._client = client
        self._label = label
        self._stated = stated
        self._carriers: list[Carrier] = []
        self._problems: list[Problem] = []
        self._facts = OrgReading(OrgIdentity.untold(label, client.url))

    def source(self) -> Source:
        carriers = tuple(replace(carrier, in_org=True) for carrier in self._carriers)
        return Source(self._label, carriers, tuple(self._problems), self._facts)

    def problem(self, part: str, error: SfkeytoolError) -> None:
        what = f"{self._label}, {part}" if part else self._label
        self._problems.append(Problem(self._label, what, error.code, f"{what}: {error.message}"))

    def read(self, questions: Questions) -> None:
        client = self._client
        self._facts = replace(self._facts, api_version=client.version)
        # As they are judged below.
        ask_who, ask_ckm, ask, ask_apex, ask_people = (questions.part() for _ in range(5))
        self._found = Components(client, ask, self.problem)
        # First what tells which org it is, then what leads to more questions.
        identity = ask_who(lambda: client.identity(self._label))
        self._found.ask_for_lists((*_APP_TYPES, *_OTHER_TYPES))
        listing = questions.lead(lambda: ckm.list_certificates(client, ask=ask_ckm))
        apex = [(type, *self._ask_for_apex(ask_apex, query)) for type, query in _APEX]
        recipients = ask_for_recipients(client, ask_people)
        self._found.take_lists()
        publishers = ask(self._found.ask_for_publishers) if self._found.are_installed else None
        self._found.ask_for_records((*_CARRYING_APP_TYPES, *_OTHER_TYPES))

        self._organization(identity)
        self._ckm(listing)
        self._found.tell_refused_lists()
        if publishers is not None:
            self._attempt("InstalledSubscriberPackage", publishers)
        self._apps()
        for type in _OTHER_TYPES:
            self._components(type)
        for type, named, answer in apex:
            self._apex(type, named, answer)
        self._facts = replace(self._facts, names_read=not self._names_unread)
        self._facts = replace(self._facts, recipients=recipients(self._attempt))

    @property
    def _names_unread(self) -> list[str]:
        """The parts that could not be read and may name a certificate."""
        beside = {f"{self._label}, {part}" for part in ("Organization", "InstalledSubscriberPackage")}
        return [problem.path for problem in self._problems if problem.path not in beside]

    def _attempt(self, part: str, question: Callable[[], None]) -> bool:
        """Whether it went well; what is refused is noted, and what ends everything is raised."""
        try:
            question()
        except OrgError as error:
            if ends_everything(error):
                raise
            self.problem(part, error)
            return False
        return True

    def _organization(self, identity: Callable[[], OrgIdentity]) -> None:
        def take() -> None:
            self._facts = replace(self._facts, identity=identity())

        self._attempt("Organization", take)

    def _ckm(self, answer: Callable[[], ckm.CkmListing]) -> None:
        listing = answer()
        for error in listing.errors:
            self.problem("Certificate and Key Management", error)
        readable = [self._ckm_entry(entry) for entry in listing.entries]
        count = len(listing.entries) if listing.names_read else None
        self._facts = replace(self._facts, ckm_read=listing.is_complete and all(readable), ckm_count=count)

    def _ckm_entry(self, entry: ckm.CkmEntry) -> bool:
        """Whether the certificate, or the request in its place, could be read."""
        path = f"Certificate:{entry.name}"
        found: tuple[Carrier, ...] = ()
        note = ""
        try:
            if entry.content:
                found = carriers_of_content(self._label, CarrierKind.CKM, entry.name, path, entry.content)
        except SfkeytoolError as error:
            self.problem(path, error)
            note = "its certificate could not be read"
        if not found:
            if entry.content and not note:
                note = WAITS_FOR_CA
            carrier = Carrier(self._label, CarrierKind.CKM, entry.name, path, expires=entry.expires)
            found = (replace(carrier, note=note or "its certificate could not be read"),)
        self._carriers += [replace(carrier, record_id=entry.record_id) for carrier in found]
        return bool(entry.content or entry.unusable) and note != "its certificate could not be read"

    def _apps(self) -> None:
        complete = self._found.are_listed(_APP_TYPES)
        shown: set[str] = set()
        for type, kind in (
            ("ConnectedApp", CarrierKind.CONNECTED_APP),
            (_GLOBAL, CarrierKind.EXTERNAL_CLIENT_APP),
        ):
            records = self._components(type)
            shown |= {record.first("externalClientApplication") for record in records.values()}
            listed = self._found.of_type(type)
            complete = complete and len(records) == len(listed)
            for found in listed:
                if publisher := self._found.publisher(found):
                    self._add_unless_known(kind, found.full_name, f"{type}:{found.full_name}", publisher)
        hidden = self._hidden_external_apps(shown)
        for found in self._found.of_type("ExternalClientApplication"):
            publisher = self._found.publisher(found)
            if publisher or found.full_name in hidden:
                path = f"ExternalClientApplication:{found.full_name}"
                self._add_unless_known(CarrierKind.EXTERNAL_CLIENT_APP, found.full_name, path, publisher)
        self._facts = replace(self._facts, apps_read=complete and not hidden)
        self._state()

    def _tell_not_shown(self, type: str) -> None:
        missing = self._found.not_shown(type)
        told = any(problem.path.startswith(f"{self._label}, {type}") for problem in self._problems)
        if missing and not told:
            self.problem(
                type, OrgError("org.not-shown", f"listed, but not shown to this user: {', '.join(missing[:10])}")
            )

    def _hidden_external_apps(self, shown: set[str]) -> set[str]:
        """External Client Apps whose global OAuth settings, which hold the certificate, the user may not see."""
        apps = {found.full_name for found in self._found.of_type("ExternalClientApplication")}
        if not self._found.are_listed([_GLOBAL]):
            return apps
        with_oauth = {
            record.first("externalClientApplication")
            for record in self._found.records("ExtlClntAppOauthSettings").values()
        }
        return (apps & with_oauth) - shown

    def _add_unless_known(self, kind: CarrierKind, name: str, path: str, publisher: str) -> None:
        if not any(carrier.kind is kind and carrier.name == name for carrier in self._carriers):
            note = "" if publisher else "the user may not see its certificate"
            self._carriers.append(Carrier(self._label, kind, name, path, publisher=publisher, note=note))

    def _state(self) -> None:
        """What the configuration says of apps whose certificates the org does not show."""
        names = {
            found.full_name.lower(): (found, type)
            for type in ("ExternalClientApplication", "ConnectedApp")
            for found in self._found.of_type(type)
        }
        for name, stated in self._stated.items():
            shown = [c for c in self._carriers if c.kind.is_app and c.name.lower() == name and c.certificate]
            if shown:
                if all(c.certificate != stated.certificate for c in shown):
                    note = f"{stated.path}, which the configuration names, is another certificate"
                    self._carriers = [replace(c, note=note) if c in shown else c for c in self._carriers]
                continue
            if name not in names and self._facts.apps_read:
                continue  # it is the app of another org
            found, type = names.get(name, (soap.FileProperties("ConnectedApp", name), "ConnectedApp"))
            kind = CarrierKind.CONNECTED_APP if type == "ConnectedApp" else CarrierKind.EXTERNAL_CLIENT_APP
            self._carriers = [c for c in self._carriers if not (c.kind is kind and c.name.lower() == name)]
            self._carriers.append(
                replace(
                    stated,
                    source=self._label,
                    kind=kind,
                    name=found.full_name,
                    path=f"{type}:{found.full_name}",
                    note=f"the configuration says that it carries {stated.path}",
                )
            )

    def _components(self, type: str) -> dict[str, soap.Record]:
        """The records of a type, after what they carry was noted."""
        records = self._found.records(type)
        self._tell_not_shown(type)
        for found in self._found.of_type(type):
            record = records.get(found.full_name)
            if record is None:
                continue
            path = f"{type}:{found.full_name}"
            publisher = self._found.publisher(found)
            if type in _CONTENT_TYPES:
                self._content(record, path, _CONTENT_TYPES[type], publisher)
                continue
            for carrier in carriers_of(self._label, type, found.full_name, path, record.values):
                if isinstance(carrier, Problem):
                    self._problems.append(carrier)
                else:
                    self._carriers.append(replace(carrier, publisher=publisher))
        return records

    def _content(self, record: soap.Record, path: str, kind: CarrierKind, publisher: str) -> None:
        carriers: tuple[Carrier, ...] = ()
        try:
            if content := record.content():
                carriers = carriers_of_content(self._label, kind, record.full_name, path, content)
        except SfkeytoolError as error:
            self.problem(path, error)
        if not carriers:
            expires = ckm.parse_moment(record.first("expirationDate"))
            carriers = (Carrier(self._label, kind, record.full_name, path, expires=expires),)
        self._carriers += [replace(carrier, publisher=publisher) for carrier in carriers]

    def _ask_for_apex(self, ask: Ask, query: str) -> tuple[list[tuple[str, str]], Callable[[], None]]:
        """Names of code with the certificates that it names, which fill as the answer comes: no code is kept."""
        named: list[tuple[str, str]] = []

        def read() -> None:
            for record in self._client.query(query, tooling=True):
                references = certificates_named(str(record.get("Body") or ""))
                named.extend((str(record.get("Name")), reference) for reference in references)

        return named, ask(read)

    def _apex(self, type: str, named: Sequence[tuple[str, str]], answer: Callable[[], None]) -> None:
        try:
            self._attempt(type, answer)
        finally:
            self._carriers += [
                Carrier(self._label, CarrierKind.METADATA, name, f"{type}:{name}", "Apex", reference=reference)
                for name, reference in named
            ]
