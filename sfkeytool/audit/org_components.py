"""The metadata of an org as components: which there are, and their records, read as far as the org allows it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from sfkeytool.errors import NetworkError, OrgError, SfkeytoolError
from sfkeytool.salesforce import soap
from sfkeytool.salesforce.org import OrgClient, ends_everything, part_of
from sfkeytool.salesforce.questions import Ask

_SINGLE = {"IdentityProviderSettings": "IdentityProvider"}
"""Settings that every org has once, by the component's name; whether listMetadata knows them by type is open."""
_MOST_REFUSALS = 3
"""Components of one type that are refused one by one before the rest of it is left."""
_PACKAGES = "SELECT SubscriberPackage.NamespacePrefix, SubscriberPackage.Name FROM InstalledSubscriberPackage"

Listed = Callable[[], tuple[soap.FileProperties, ...]]
Read = Callable[[], tuple[soap.Record, ...]]


class Components:
    """Those of one org. ``problem`` hears of what could not be read; what ends everything is raised as OrgError."""

    def __init__(self, client: OrgClient, ask: Ask, problem: Callable[[str, SfkeytoolError], None]) -> None:
        self._client = client
        self._ask = ask
        self._problem = problem
        self._listed: dict[str, tuple[soap.FileProperties, ...]] = {}
        self._lists: list[tuple[Sequence[str], Listed]] = []
        self._refused: list[tuple[str, OrgError]] = []
        self._end: OrgError | NetworkError | None = None
        self._batches: dict[str, list[tuple[Sequence[str], Read]]] = {}
        self._records: dict[str, dict[str, soap.Record]] = {}
        self._publishers: dict[str, str] = {}

    def ask_for_lists(self, types: Sequence[str]) -> None:
        """Begin to ask which components of these types there are."""
        self._lists = list(self._asked_lists(soap.chunks(types, soap.LIST_LIMIT)))

    def take_lists(self) -> None:
        """Wait for these answers; what is wrong with them is told later."""
        try:
            for types, answer in self._lists:
                self._take_list(types, answer)
        except (OrgError, NetworkError) as error:
            self._end = error

    def tell_refused_lists(self) -> None:
        """Let ``problem`` hear of types that nobody may list. Raises what ended everything meanwhile."""
        for type, error in self._refused:
            self._problem(type, error)
        if self._end is not None:
            raise self._end

    def _asked_lists(self, some: Iterable[Sequence[str]]) -> Iterator[tuple[Sequence[str], Listed]]:
        for types in some:
            yield types, self._ask(partial(self._client.list_metadata, types))

    def _take_list(self, types: Sequence[str], answer: Listed) -> None:
        """One unknown type fails a whole call, so that they are asked each by itself then."""
        try:
            for found in answer():
                self._listed[found.type] = (*self._listed.get(found.type, ()), found)
            for type in types:
                self._listed.setdefault(type, _unlisted(type))
        except OrgError as error:
            if ends_everything(error):
                raise
            if len(types) > 1:
                for alone, its_answer in list(self._asked_lists([type] for type in types)):
                    self._take_list(alone, its_answer)
            elif error.code == "org.unknown-type":  # this version, or edition, has no such thing
                self._listed[types[0]] = _unlisted(types[0])
            else:
                self._refused.append((types[0], error))

    def are_listed(self, types: Iterable[str]) -> bool:
        """Whether the org told which components of all these types there are."""
        return all(type in self._listed for type in types)

    def of_type(self, type: str) -> tuple[soap.FileProperties, ...]:
        """The listed ones."""
        return self._listed.get(type, ())

    @property
    def are_installed(self) -> bool:
        """Whether any came with a package."""
        return any(found.is_installed for listed in self._listed.values() for found in listed)

    def ask_for_publishers(self) -> None:
        """Raises OrgError; publisher() then knows namespaces only."""
        for record in self._client.query(_PACKAGES, tooling=True):
            package = part_of(record, "SubscriberPackage")
            self._publishers[str(package.get("NamespacePrefix"))] = str(package.get("Name") or "")

    def publisher(self, found: soap.FileProperties) -> str:
        """The installed package that a component came with; empty for the org's own."""
        if not found.is_installed:
            return ""
        package = self._publishers.get(found.namespace, "")
        return f"{package} ({found.namespace})" if package else found.namespace or "an installed package"

    def ask_for_records(self, types: Iterable[str]) -> None:
        """Begin to ask for those of all listed components of these types."""
        for type in types:
            names = [found.full_name for found in self.of_type(type)]
            self._batches[type] = list(self._asked_records(type, soap.chunks(names, soap.READ_LIMIT)))

    def records(self, type: str) -> dict[str, soap.Record]:
        """Those of a type that was asked for, by name."""
        if type not in self._records:
            self._records[type] = self._take_records(type)
        return self._records[type]

    def _asked_records(self, type: str, some: Iterable[Sequence[str]]) -> Iterator[tuple[Sequence[str], Read]]:
        for names in some:
            yield names, self._ask(partial(self._client.read_metadata, type, names))

    def _take_records(self, type: str) -> dict[str, soap.Record]:
        records: dict[str, soap.Record] = {}
        refusals = 0
        for asked in self._batches.pop(type, ()):
            batches = [asked]
            while batches and refusals < _MOST_REFUSALS:
                names, answer = batches.pop(0)
                try:
                    records |= {record.full_name: record for record in answer()}
                except OrgError as error:
                    if ends_everything(error):
                        raise
                    if len(names) > 1:
                        batches = list(self._asked_records(type, ([name] for name in names)))
                        continue
                    if type in _SINGLE and error.code == "org.unknown-type":
                        break
                    refusals += 1
                    self._problem(f"{type}:{names[0]}" if refusals < _MOST_REFUSALS else type, error)
        return records

    def not_shown(self, type: str) -> list[str]:
        """Names that the list has and a read passes over in silence; of installed ones that is nothing to mend."""
        listed = self.of_type(type)
        if listed == _unlisted(type):
            return []
        installed = {found.full_name for found in listed if found.is_installed}
        shown = self.records(type).keys() | installed
        return [found.full_name for found in listed if found.full_name not in shown]


def _unlisted(type: str) -> tuple[soap.FileProperties, ...]:
    return (soap.FileProperties(type, _SINGLE[type]),) if type in _SINGLE else ()
