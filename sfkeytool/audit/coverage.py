"""Whether Salesforce's mails about CKM's certificates tell of an app certificate's expiry."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from sfkeytool.acceptance.mails import mail_dates
from sfkeytool.audit.model import Carrier, CarrierKind, Coverage, Item, OrgReading
from sfkeytool.audit.succession import leaves_of_ckm

_IN_FILES = (CarrierKind.KEYSTORE, CarrierKind.CKM_SOURCE)


class _Twin(Struct, frozen=True):
    """Where CKM holds something like an app's certificate."""

    where: str
    carrier: Carrier


class Twins(Struct, frozen=True):
    """What find_twins() found."""

    in_files: Mapping[str, str]
    """Path by SHA-256 of a certificate that a keystore or CKM's source holds, or by prefix of one it reminds of."""
    in_ckm: Mapping[str, Sequence[_Twin]]
    """By SHA-256, by prefix of a reminded one, and by SHA-256 of the public key: three forms that never meet."""


def find_twins(carriers: Sequence[Carrier]) -> Twins:
    """Over all sources. Pure."""
    in_files: dict[str, str] = {}
    for carrier in carriers:
        if carrier.certificate and carrier.kind in _IN_FILES:
            in_files.setdefault(carrier.certificate.sha256, carrier.path)
            if carrier.reminds_of:
                in_files.setdefault(carrier.reminds_of, carrier.path)
    in_ckm: defaultdict[str, list[_Twin]] = defaultdict(list)
    for carrier, certificate in leaves_of_ckm(carriers):
        twin = _Twin(f"CKM of {carrier.source}: {carrier.name}", carrier)
        in_ckm[certificate.sha256].append(twin)
        in_ckm[f"key {certificate.public_key_sha256}"].append(twin)
        if carrier.reminds_of:
            in_ckm[carrier.reminds_of].append(twin)
    return Twins(in_files, dict(in_ckm))


def with_coverage(item: Item, twins: Twins, org: OrgReading | None, now: datetime) -> Item:
    """An app's certificate with how it is covered; ``org`` is the one that the app was read from. Pure."""
    carrier = item.carrier
    certificate = carrier.certificate
    if carrier.publisher:
        return replace(item, coverage=Coverage.MANAGED, mail_dates=())
    if certificate is None or carrier.not_after is None:
        return item
    prefix = certificate.prefix
    same = _of_org(twins.in_ckm.get(certificate.sha256, ()), carrier, org)
    reminders = _of_org(twins.in_ckm.get(prefix, ()), carrier, org)
    same_key = _of_org(twins.in_ckm.get(f"key {certificate.public_key_sha256}", ()), carrier, org)
    in_time = [twin for twin in same_key if _mails_in_time(twin.carrier, carrier.not_after, now)]
    in_files = twins.in_files.get(certificate.sha256) or twins.in_files.get(prefix) or ""
    ckm_read = org is not None and org.ckm_read
    if found := same or reminders or in_time:
        coverage = Coverage.COVERED if same else Coverage.REMINDER if reminders else Coverage.SAME_KEY
        twin = found[0].where
    else:
        unproved = not ckm_read if org is not None else bool(in_files)
        coverage = Coverage.UNPROVED if unproved else Coverage.UNCOVERED
        twin = f"{same_key[0].where}, which has the same key but mails too late" if same_key else in_files
    days = item.mail_dates
    if coverage is Coverage.SAME_KEY and in_time[0].carrier.not_after:
        twins_days = mail_dates(in_time[0].carrier.not_after, now)
        days = tuple(day for day in twins_days if day <= carrier.not_after.date())
    elif coverage is Coverage.UNCOVERED and ckm_read:
        days = ()
    return replace(item, coverage=coverage, twin=twin, mail_dates=days, ckm_read=ckm_read or coverage.is_mailed)


def _of_org(twins: Sequence[_Twin], carrier: Carrier, org: OrgReading | None) -> list[_Twin]:
    """Those in the app's own org, whose mails reach its people; for an app in files, those of any org."""
    return [twin for twin in twins if org is None or twin.carrier.source == carrier.source]


def _mails_in_time(ckm: Carrier, not_after: datetime, now: datetime) -> bool:
    return ckm.not_after is not None and any(day <= not_after.date() for day in mail_dates(ckm.not_after, now))
