"""What to do about a judged certificate: what is due first, then how to be warned, as steps with commands.

A command runs as it stands from the reader's folder, but for the one blank ``FILE``. An app in use never gets a bare
new key: with the same key no login breaks, and without it the order of a rotation is told.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePath

from msgspec import Struct, field

from sfkeytool.audit.covering import cover_steps, folder_option, is_file
from sfkeytool.audit.model import Carrier, CarrierKind, Generation, Item, Status, Step
from sfkeytool.errors import UsageError
from sfkeytool.model import Purpose
from sfkeytool.names import app_name, base_name, free_name, legal_name, next_name, reminder_name
from sfkeytool.shell import path_argument, shell_line

_LEAST_DAYS = 10
_SHARE_OF_LIFE = 6
"""Renew before the last ten days, or the last sixth of a long life: our own advice."""

_LONG_AGO_DAYS = 365
"""After which an expired certificate that nothing is known to name is hardly in use: our own choice."""

_OF_CKM = (CarrierKind.CKM, CarrierKind.CKM_SOURCE)
_SUPPORTED_BITS = (2048, 3072, 4096)
_GENERATED = ("--password", "generate")


FIND_THE_KEY = Step(
    "FILE is the private key that the client signs with: with the same key no login breaks", is_general=True
)
ROTATION = Step(
    "Without that key it is a rotation, in this order: make a second app with a new key and its certificate, approve"
    " the same users for it, switch the client to it, then retire the old app",
    is_general=True,
)
_APP_SETUP = {
    CarrierKind.CONNECTED_APP: "Setup > App Manager > the app > Edit > Use digital signatures",
    CarrierKind.EXTERNAL_CLIENT_APP: (
        "Setup > External Client App Manager > the app > Settings > OAuth Settings > JWT Bearer Flow"
    ),
}
_IN_CKM = Step(
    "Where Certificate and Key Management made the key: make the next certificate in Setup, choose it wherever the old"
    " one is named, and see there what still uses the old one",
    is_general=True,
)
_OF_OTHERS = Step(
    "A certificate of somebody else's key: ask them for their next one, and try it before the old one ends",
    is_general=True,
)
_IDENTITY_PROVIDER = Step(
    "Ask whoever runs the identity provider for its next certificate, and prove that an admin can log in with a"
    " password before you change it in Setup > Single Sign-On Settings",
    is_general=True,
)


class Place(Struct, frozen=True):
    """Where the reader is: names in the current folder, and where this run saves the apps' certificates, if it does."""

    names: frozenset[str] = frozenset()
    certificates: str = ""


class Known(Struct, frozen=True):
    """What all sources together know that a command must fit."""

    now: datetime
    place: Place
    generations: Sequence[tuple[Generation, Carrier]] = ()
    """Those whose folder was looked into, with the carrier of their certificate."""
    names: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """What names_of_apps() gave."""
    ways: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    apps: Mapping[str, str] = field(default_factory=dict)
    """The name of an app by the SHA-256 of the certificate that it carries."""


def advice_for(item: Item, known: Known) -> tuple[Step, ...]:
    """The steps, in order; empty where nothing is to be done. Pure."""
    carrier = item.carrier
    if carrier.reference or carrier.publisher or not item.counts:
        return ()
    steps: list[Step] = []
    if item.status in (Status.DUE, Status.EXPIRED):
        steps += _renewal(item, known)
    if item.wants_cover:
        steps += cover_steps(item, known)
    return tuple(steps)


def step_text(step: Step) -> str:
    """A step in one line. Pure but for the platform."""
    return f"{step.what}: {shell_line(step.command)}" if step.command else step.what


def renew_before(not_before: datetime | None, not_after: datetime) -> date:
    """The (UTC) day before which a certificate should be renewed: see ``_LEAST_DAYS``. Pure."""
    life = max(not_after - not_before, timedelta()) if not_before else timedelta()
    lead = max(timedelta(days=_LEAST_DAYS), life / _SHARE_OF_LIFE)
    return (not_after - min(lead, not_after - datetime.min.replace(tzinfo=UTC))).date()


def names_of_apps(carriers: Iterable[Carrier], taken: Collection[str], day: date) -> dict[tuple[str, str], str]:
    """The NAME for what is made for each app, by the NAME that the app asks for, and the SHA-256 of its public key; of
    a reminder, of its certificate.

    Apps of other keys never share a NAME, however alike theirs are: what is made for one would end logins of the other.
    ``taken`` are folders that are there, and what an org's CKM holds: their next generation is meant. Pure.
    """
    given: dict[tuple[str, str], str] = {}
    used = set(taken)
    for carrier in carriers:
        if not carrier.kind.is_app or carrier.certificate is None:
            continue
        name = app_name(carrier.name)
        for wanted, identity in (
            (name, carrier.certificate.public_key_sha256),
            (reminder_name(name), carrier.certificate.sha256),
        ):
            if (wanted, identity) not in given:
                given[wanted, identity] = _free_name(wanted, taken, used, day)
                used.add(given[wanted, identity])
    return given


def saved_paths(carriers: Iterable[Carrier]) -> dict[tuple[str, str], str]:
    """Where, in a folder of certificates, each of orgs' apps is saved: no two at one path. By place_in_org(). Pure."""
    paths: dict[tuple[str, str], str] = {}
    taken: defaultdict[str, set[str]] = defaultdict(set)
    for carrier in carriers:
        place = place_in_org(carrier)
        if carrier.in_org and carrier.der and place not in paths:
            folder = legal_name(carrier.source).value
            name = free_name(carrier.name, taken[folder])
            taken[folder].add(name)
            paths[place] = f"{folder}/{name}.crt"
    return paths


def place_in_org(carrier: Carrier) -> tuple[str, str]:
    """What tells an app's certificate from all others: a field may hold several. Pure."""
    return carrier.where, carrier.certificate.sha256 if carrier.certificate else ""


def _renewal(item: Item, known: Known) -> Iterator[Step]:
    carrier = item.carrier
    before = _before(carrier)
    yield Step(_when(item, before, known.now.date()), before=before)
    if carrier.reminds_of:
        yield Step("A reminder needs no renewal: the certificate that it reminds of does", is_general=True)
        return
    generation = _generation_of(carrier, known)
    if generation is not None and carrier.kind is not CarrierKind.METADATA:
        yield from _with_generation(carrier, *generation, known.now.date())
    elif carrier.kind.is_app:
        yield from _without_generation(carrier, known)
    elif carrier.certificate and (app := known.apps.get(carrier.certificate.sha256)):
        yield Step(f"the app {app} carries it: renew both as is advised there")
    elif carrier.kind in _OF_CKM:
        yield _IN_CKM
    elif carrier.kind is CarrierKind.IDENTITY_PROVIDER:
        yield Step(
            "see whether it is what the org validates with, and whether a newer one is published (FILE: the org's"
            " .samlssoconfig-meta.xml)",
            ("sfkeytool", "compare", path_argument(carrier.path), "FILE"),
        )
        yield _IDENTITY_PROVIDER
    elif carrier.part == "SamlSsoConfig.validationCert":
        yield _IDENTITY_PROVIDER
    elif carrier.kind in (CarrierKind.INBOUND, CarrierKind.USER_AUTH, CarrierKind.METADATA):
        yield _OF_OTHERS


def _before(carrier: Carrier) -> date | None:
    not_after = carrier.not_after
    if not_after is None:
        return None
    return renew_before(carrier.begins, not_after)


def _when(item: Item, before: date | None, today: date) -> str:
    if item.status is Status.EXPIRED or before is None or item.days_left is None:
        if not item.days_left:
            return "expired today: renew it now"
        ago = f"expired {_days(-item.days_left)} ago"
        if item.days_left < -_LONG_AGO_DAYS and item.carrier.kind in _OF_CKM and not item.carrier.used_by:
            return f"{ago}: see what still uses it, and renew it if something does"
        return f"{ago}: renew it now"
    if before > today:
        return f"renew before {before} ({_days((before - today).days)})"
    return f"renew now: it expires {'today' if item.days_left == 0 else f'in {_days(item.days_left)}'}"


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"


def _generation_of(carrier: Carrier, known: Known) -> tuple[Generation, Carrier] | None:
    """The folder of the certificate's own generation, else the latest one of the same key."""
    certificate = carrier.certificate
    if certificate is None:
        return None
    fitting = [
        (generation, own)
        for generation, own in known.generations
        if own.certificate and own.certificate.public_key_sha256 == certificate.public_key_sha256
    ]
    return max(fitting, key=lambda found: found[1].certificate.not_after if found[1].certificate else "", default=None)


def _with_generation(carrier: Carrier, generation: Generation, own: Carrier, today: date) -> Iterator[Step]:
    certificate, present = own.certificate, carrier.certificate
    assert certificate is not None and present is not None  # noqa: S101, PT018 - only such ones are found
    lasts_until = _before(own)
    if certificate.not_after > present.not_after and lasts_until and lasts_until > today:
        begins = certificate.not_before.date()
        since = f" (not valid before {begins})" if begins > today else ""
        path = generation.certificate_path
        yield from _upload(
            carrier, generation.name, path, folder=folder_option(generation),
            why=f"{path} is a later certificate of the same key{since}: it goes where the old one is",
        )  # fmt: skip
        return
    command = ("sfkeytool", "renew", generation.name)
    if _needs_ca(generation, own):
        yield Step("same key, new validity, signed by the CA", (*command, "--csr", *folder_option(generation)))
    elif not _is_supported(own):
        yield Step(
            "its key is none that Certificate and Key Management takes: a new one, with a runbook",
            ("sfkeytool", "rotate", generation.name, *_GENERATED, *folder_option(generation)),
        )
    else:
        yield Step("same key, new validity, with a runbook", (*command, *_GENERATED, *folder_option(generation)))


def _needs_ca(generation: Generation, own: Carrier) -> bool:
    """Whether a self-signed certificate would not do, as ``renew`` judges it."""
    certificate = own.certificate
    if certificate is None or certificate.self_signed:
        return False
    if generation.purpose is not None:
        return generation.purpose in (Purpose.DOMAIN, Purpose.MTLS)
    return bool({"serverAuth", "clientAuth"} & set(certificate.extended_key_usage))


def _without_generation(carrier: Carrier, known: Known) -> Iterator[Step]:
    certificate = carrier.certificate
    if certificate is None or not _is_supported(carrier):
        yield ROTATION
        return
    name = known.names[app_name(carrier.name), certificate.public_key_sha256]
    yield Step(
        "a new certificate of the key that the client signs with",
        ("sfkeytool", "self-signed", name, "--key", "FILE", *_GENERATED),
    )
    yield from _upload(carrier, name, str(PurePath(name) / f"{name}.crt"), why=f"put {name}.crt on the app")
    yield FIND_THE_KEY
    yield ROTATION


def _upload(carrier: Carrier, name: str, certificate: str, *, why: str, folder: tuple[str, ...] = ()) -> Iterator[Step]:
    """The certificate of NAME to where the old one sits."""
    if not carrier.kind.is_app:
        yield Step(why)
    elif is_file(carrier):
        yield Step(why, ("sfkeytool", "metadata", name, *folder, "--in", path_argument(carrier.path)))
    else:
        yield Step(f"upload {certificate} to the app: {_APP_SETUP[carrier.kind]}")


def _is_supported(carrier: Carrier) -> bool:
    certificate = carrier.certificate
    return certificate is not None and certificate.key_algorithm == "RSA" and certificate.key_bits in _SUPPORTED_BITS


def _free_name(wanted: str, taken: Collection[str], used: Collection[str], day: date) -> str:
    if wanted in taken:
        try:
            return next_name(base_name(wanted), day, used)
        except UsageError:  # all of this month are used
            pass
    return free_name(wanted, used)
