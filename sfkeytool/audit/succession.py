"""Which certificate a later one replaces: generations of a NAME in files, and certificates in an org's CKM."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import PurePath

from msgspec import Struct

from sfkeytool.audit.facts import KeptFacts, shared
from sfkeytool.audit.model import Carrier, CarrierKind
from sfkeytool.names import base_name

_OWN = (CarrierKind.KEYSTORE, CarrierKind.FILE)
"""Where generations lie side by side; an app has one certificate, and that is never replaced by a file."""


class Succession(Struct, frozen=True):
    """What find_succession() found."""

    latest: Mapping[str, Mapping[str, Carrier]]
    """Of the generations of each NAME, folder by folder, the one that lives longest."""
    replaced: Mapping[tuple[str, str], str]
    """Of CKM: the name of what replaces a certificate, by source and lower-case name."""

    def successor_of(self, carrier: Carrier) -> str:
        """The name of what replaces it; empty where nothing does. Pure."""
        if carrier.in_chain:
            return ""
        if carrier.kind is CarrierKind.CKM:
            return self.replaced.get((carrier.source, carrier.name.lower()), "")
        folder, name = _family(carrier) if carrier.kind in _OWN else ("", "")
        last = self.latest.get(folder, {}).get(name)
        if last is None or last.name == carrier.name or not (last.not_after and carrier.not_after):
            return ""
        return last.name if last.not_after > carrier.not_after else ""


def find_succession(carriers: Sequence[Carrier], now: datetime) -> Succession:
    """Over all sources. What is not valid yet replaces nothing: until then the earlier one is what works. Pure."""
    begun = [carrier for carrier in carriers if not (carrier.begins and carrier.begins > now)]
    return Succession(_latest(begun), _replaced(begun))


def _latest(carriers: Sequence[Carrier]) -> dict[str, dict[str, Carrier]]:
    latest: defaultdict[str, dict[str, Carrier]] = defaultdict(dict)
    for carrier in carriers:
        if carrier.not_after and not carrier.in_chain and carrier.kind in _OWN:
            folder, name = _family(carrier)
            known = latest[folder].setdefault(name, carrier)
            if known.not_after and carrier.not_after > known.not_after:
                latest[folder][name] = carrier
    return latest


def _family(carrier: Carrier) -> tuple[str, str]:
    """The folder in which generations of a NAME lie together, and that NAME.

    Generations of a NAME lie in sibling folders of their names, or in one folder.

    The name alone does not tell: ``test/pay_202611.crt`` says nothing of ``prod/pay.crt``.
    """
    folder = PurePath(carrier.path).parent
    beside = folder.parent if folder.name == carrier.name else folder
    return shared(str(beside)), base_name(carrier.name)


def _replaced(carriers: Sequence[Carrier]) -> dict[tuple[str, str], str]:
    """Of each org: CKM certificates that a later one of the same key, or of the same base name, replaces.

    What something in the org still names, or an app anywhere still carries, is replaced by nothing. Nor is anything in
    an org where a name or Id leads nowhere: it may be any certificate that is meant.
    """
    puzzled = puzzled_orgs(carriers)
    carried = {c.certificate.sha256 for c in carriers if c.certificate and c.kind.is_app}
    carried_prefixes = {c.certificate.prefix for c in carriers if c.certificate and c.kind.is_app}
    groups: defaultdict[tuple[str, str], list[tuple[Carrier, KeptFacts]]] = defaultdict(list)
    for carrier, certificate in leaves_of_ckm(carriers):
        if carrier.source not in puzzled:
            groups[carrier.source, f"name {base_name(carrier.name.lower())}"].append((carrier, certificate))
            groups[carrier.source, f"key {certificate.public_key_sha256}"].append((carrier, certificate))
    replaced: dict[tuple[str, str], str] = {}
    for group in groups.values():
        last, latest = max(group, key=lambda found: found[1].not_after)
        for carrier, certificate in group:
            if carrier.name == last.name or carrier.used_by:
                continue
            if certificate.sha256 in carried or carrier.reminds_of in carried_prefixes:
                continue
            if certificate.not_after < latest.not_after:
                replaced[carrier.source, carrier.name.lower()] = last.name
    return replaced


def leaves_of_ckm(carriers: Sequence[Carrier]) -> Iterator[tuple[Carrier, KeptFacts]]:
    """The certificates that orgs' CKM holds, without the CAs above them, as far as they could be read. Pure."""
    for carrier in carriers:
        if carrier.kind is CarrierKind.CKM and carrier.certificate and not carrier.in_chain:
            yield carrier, carrier.certificate


def puzzled_orgs(carriers: Sequence[Carrier]) -> set[str]:
    """The labels of orgs in which a name or Id leads to no certificate. Pure."""
    return {carrier.source for carrier in carriers if carrier.in_org and carrier.reference and not carrier.refers_to}
