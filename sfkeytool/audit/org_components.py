"""The metadata of an org as components: which there are, and their records, read as far as the org allows it."""

from collections.abc import Callable, Iterable, Sequence

from sfkeytool.errors import OrgError, SfkeytoolError
from sfkeytool.salesforce import soap
from sfkeytool.salesforce.org import OrgClient, ends_everything, part_of

_SINGLE = {"IdentityProviderSettings": "IdentityProvider"}
"""Settings that every org has once, by the component's name; whether listMetadata knows them by type is open."""
_MOST_REFUSALS = 3
"""Components of one type that are refused one by one before the rest of it is left."""
_PACKAGES = "SELECT SubscriberPackage.NamespacePrefix, SubscriberPackage.Name FROM InstalledSubscriberPackage"


class Components:
    """Those of one org. ``problem`` hears of what could not be read; what ends everything is raised as OrgError."""

    def __init__(self, client: OrgClient, problem: Callable[[str, SfkeytoolError], None]) -> None:
        self._client = client
        self._problem = problem
        self._listed: dict[str, tuple[soap.FileProperties, ...]] = {}
        self._records: dict[str, dict[str, soap.Record]] = {}
        self._publishers: dict[str, str] = {}

    def enumerate(self, types: Sequence[str]) -> None:
        """Ask which components of these types there are."""
        for some in soap.chunks(types, soap.LIST_LIMIT):
            self._list(some)

    def _list(self, types: Sequence[str]) -> None:
        """One unknown type fails a whole call, so that they are asked one by one then."""
        try:
            for found in self._client.list_metadata(types):
                self._listed[found.type] = (*self._listed.get(found.type, ()), found)
            for type in types:
                self._listed.setdefault(type, _unlisted(type))
        except OrgError as error:
            if ends_everything(error):
                raise
            if len(types) > 1:
                for type in types:
                    self._list([type])
            elif error.code == "org.unknown-type":  # this version, or edition, has no such thing
                self._listed[types[0]] = _unlisted(types[0])
            else:
                self._problem(types[0], error)

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

    def records(self, type: str) -> dict[str, soap.Record]:
        """Those of all listed components of a type, by name; asked for once."""
        if type not in self._records:
            self._records[type] = self._read_all(type)
        return self._records[type]

    def _read_all(self, type: str) -> dict[str, soap.Record]:
        records: dict[str, soap.Record] = {}
        names = [found.full_name for found in self.of_type(type)]
        refusals = 0
        for some in soap.chunks(names, soap.READ_LIMIT):
            batches = [some]
            while batches and refusals < _MOST_REFUSALS:
                batch = batches.pop(0)
                try:
                    records |= {record.full_name: record for record in self._client.read_metadata(type, batch)}
                except OrgError as error:
                    if ends_everything(error):
                        raise
                    if len(batch) > 1:
                        batches = [[name] for name in batch]
                        continue
                    if type in _SINGLE and error.code == "org.unknown-type":
                        break
                    refusals += 1
                    self._problem(f"{type}:{batch[0]}" if refusals < _MOST_REFUSALS else type, error)
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
