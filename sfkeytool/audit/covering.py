"""What to do about an app that no mail of Certificate and Key Management's tells of, as steps with commands."""

import re
from collections.abc import Collection, Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING

from sfkeytool.audit.model import Carrier, CarrierKind, Generation, Item, Step
from sfkeytool.names import app_name, reminder_name
from sfkeytool.shell import path_argument, shell_line

if TYPE_CHECKING:
    from sfkeytool.audit.advice import Known

_GENERATED = ("--password", "generate")
_API_NAME = re.compile(r"[A-Za-z0-9_]+")
"""What an org is asked for an app by."""


def cover_steps(item: Item, known: "Known") -> Iterator[Step]:
    """How Certificate and Key Management gets to know of an app's certificate."""
    carrier, certificate = item.carrier, item.carrier.certificate
    if certificate is None:
        return
    pairs = [found for found in known.generations if found[1].certificate and _is_same(found[1], carrier)]
    way = known.ways.get(carrier.source) if carrier.in_org else None
    if way is not None and _API_NAME.fullmatch(carrier.name) and not known.place.certificates:
        kept = [generation for generation, _ in pairs if generation.keystore is not None]
        yield _cover_command(carrier, way, kept[0] if kept else None)
        return
    for generation, own in pairs:
        yield _import(generation, own, known)
        return
    name = known.names[reminder_name(app_name(carrier.name)), certificate.sha256]
    path = carrier.path
    if carrier.in_org:
        folder = known.place.certificates
        if not folder:
            folder = _free("certificates", known.place.names)
            save = ("--certificates", folder)
            if way is None:
                yield Step(f"save the certificates of the org's apps: this audit again with {shell_line(save)}")
            else:
                yield Step("save the certificates of the org's apps", ("sfkeytool", "audit", *way, *save))
        path = str(PurePath(folder) / item.saved_as)
    elif not is_file(carrier):
        yield Step(
            "only to be warned in time: save its certificate as a file, make a reminder of it (sfkeytool reminder), and"
            " import that into Certificate and Key Management"
        )
        return
    yield Step(
        "only to be warned in time, a reminder for CKM",
        ("sfkeytool", "reminder", name, path_argument(path), *_GENERATED),
    )


def _is_same(own: Carrier, carrier: Carrier) -> bool:
    """Whether a generation's certificate is the very one that the app carries."""
    return bool(own.certificate and carrier.certificate and own.certificate.sha256 == carrier.certificate.sha256)


def _cover_command(carrier: Carrier, way: tuple[str, ...], kept: Generation | None) -> Step:
    """One command, after which the audit says covered, or reminder where the keystore is not at hand."""
    kind = "ConnectedApp" if carrier.kind is CarrierKind.CONNECTED_APP else "ExternalClientApplication"
    # An org may have both of one name, and then wants to know which.
    app, folder = f"{kind}:{carrier.name}", folder_option(kept) if kept is not None else ()
    what = "its keystore into CKM" if kept is not None else "only to be warned in time: a reminder of it into CKM"
    return Step(f"{what}, proved, with you at the page", ("sfkeytool", "ckm", "cover", app, *folder, *way))


def _import(generation: Generation, own: Carrier, known: "Known") -> Step:
    place = "into Certificate and Key Management, so that its mails come"
    if generation.keystore is not None:
        return Step(f"import {generation.keystore} {place}")
    chain = str(PurePath(generation.folder) / f"{generation.name}-chain.crt")
    certificate = chain if chain in (own.path, *own.also_in) else generation.certificate_path
    again = _free(f"{generation.name}_again", known.place.names)
    return Step(
        f"make its keystore again, and import it {place}",
        (
            *("sfkeytool", "wrap", generation.name, path_argument(generation.key_path), path_argument(certificate)),
            *("-d", again, *_GENERATED),
        ),
    )


def folder_option(generation: Generation) -> tuple[str, ...]:
    """What a command about it needs besides where its folder is not ./NAME. Pure."""
    if PurePath(generation.folder) == PurePath(generation.name):
        return ()
    return ("-d", path_argument(generation.folder))


def is_file(carrier: Carrier) -> bool:
    """Whether the carrier's path is a file that a command takes: not of an org, and not within an archive."""
    return not (carrier.in_org or (carrier.scope and carrier.path.startswith(f"{carrier.scope}!/")))


def _free(name: str, taken: Collection[str]) -> str:
    return next(
        found
        for number in range(1, len(taken) + 3)
        if (found := name if number == 1 else f"{name}_{number}") not in taken
    )
