"""The keystore of a command about an import: NAME's own, or one that others made."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from sfkeytool.cli import options
from sfkeytool.cli.answers import existing_path
from sfkeytool.cli.fields import Field, Group, Offer, Question
from sfkeytool.cli.finishing import folder_of
from sfkeytool.cli.lying_here import OTHER_FILE, keystores_to_import
from sfkeytool.cli.org_access import NEEDED_ORG
from sfkeytool.cli.run import Run
from sfkeytool.edge.own_keystore import own_keystore, own_keystores
from sfkeytool.errors import InputError, KeystorePasswordError
from sfkeytool.passwords import Source, SourceKind
from sfkeytool.shell import path_argument, shell_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sfkeytool.keystores.contents import InputFile
    from sfkeytool.passwords import Secret
    from sfkeytool.workflows.ckm_import.keystore import ImportKeystore

_ENDINGS = (".jks", ".keystore", ".ks", ".p12", ".pfx", ".bcfks")


def _is_file(given: str) -> bool:
    return given.lower().endswith(_ENDINGS) or os.path.isfile(given)


def keystore_or_nothing(answer: str) -> None:
    """Raises UsageError for an answer that names neither."""
    if answer:
        _keystore(answer)


def _keystore(answer: str) -> None:
    if _is_file(answer):
        existing_path(answer)
    else:
        options.unique_name(answer)


KEYSTORE = Field(
    "keystore",
    str,
    "NAME, whose keystore is NAME.jks or NAME.bcfks in its folder; or one that others made, of one entry or several.",
    metavar="NAME|FILE",
    required=True,
    offer=Offer.FILE,
    question=Question(
        "Which certificate is to be put into the org?",
        "path",
        offers=keystores_to_import,
        other=OTHER_FILE,
        check=_keystore,
    ),
)
FOLDER = Field(
    "output_dir",
    str,
    "Folder of NAME. [default: ./NAME]",
    ("--output-dir", "-d"),
    metavar="DIR",
    group=Group.WHERE,
    offer=Offer.FOLDER,
    convert=options.folder,
)
_PASSWORD = replace(
    options.OPENING_PASSWORD,
    help="Password of the keystore, to judge it with, of the key file that stays, or of --jwt-key-file. Repeatable."
    " [default: its NAME.jks.password or NAME.bcfks.password, $SFKEYTOOL_PASSWORD, else the prompt]",
)
ORG_AND_PASSWORD = tuple(_PASSWORD if field.name == _PASSWORD.name else field for field in NEEDED_ORG)


def name_or_file(given: str) -> dict[str, Any]:
    """The fields of a request. Raises UsageError."""
    if _is_file(given):
        return {"file": Path(given)}
    return {"name": options.unique_name(given)}


class Found(Struct, frozen=True):
    """A keystore that is to be imported. ``files``: those of NAME that go with it when it is deleted, by their names,
    with what was read; secret. ``password_path``: the file that holds its password."""

    path: Path
    keystore: "ImportKeystore"
    passwords: "tuple[Secret, ...]"
    files: Mapping[str, bytes]
    password_path: Path | None = None

    def __repr__(self) -> str:
        return f"Found({self.path})"


def find_keystore(run: Run, request: Any) -> Found:
    """Read the keystore of a request that has ``name``, ``file``, ``output_dir`` and ``passwords``.

    On a terminal its password is asked for, to judge it whole; who has none goes on without. Raises InputError,
    CertificateError, and KeystorePasswordError for a password that was given and does not open it.
    """
    from sfkeytool.workflows.ckm_import.result import require_own

    given = [run.secret(source, "--password", "Password of the keystore") for source in request.passwords]
    folder = run.settle(folder_of(request.name, request.output_dir)) if request.name else Path()
    path = request.file or _require_one(folder, request.name)
    if request.name:
        _require_there(request.name, path)
    store = run.read(path) if request.file else run.read_found(path, named=False)
    files = {} if request.file else {path.name: store.data}
    beside = path.with_name(f"{path.name}.password")
    has_password = request.file is None and os.path.isfile(beside)
    if has_password:
        files[beside.name] = run.read(beside).data
        given.append(run.secret(Source(SourceKind.FILE, str(beside)), str(beside), ""))
    keystore = _opened(run, store, given)
    if request.name:
        certificate = folder / f"{request.name}.crt"
        require_own(request.name, keystore, run.read(certificate) if os.path.isfile(certificate) else None)
    return Found(path, keystore, tuple(given), files, beside if has_password else None)


def _require_one(folder: Path, name: str) -> Path:
    """Where NAME's keystore lies, or should. Raises InputError where there are two."""
    found = own_keystores(folder, name)
    if len(found) > 1:
        lines = [shell_line(["sfkeytool", "ckm", "import", path_argument(str(path))]) for path in found]
        raise InputError(
            "ckm.two-keystores",
            f"{' and '.join(map(str, found))} are both there: which of them is meant?",
            f"name the file: {' or '.join(lines)}",
            "or delete the one whose work is done",
        )
    return own_keystore(folder, name)


def _require_there(name: str, path: Path) -> None:
    """Raises InputError for a keystore that is gone, as after an import, where key and certificate are not."""
    kept = [path.with_suffix(ending) for ending in (".key", ".crt")]
    if os.path.lexists(path) or not all(map(os.path.isfile, kept)):
        return
    again = f"{path.parent}_again"
    pair = [path_argument(str(each)) for each in kept]
    line = ["sfkeytool", "wrap", name, *pair, "-d", path_argument(again), "--password", "generate"]
    raise InputError(
        "input.not-found",
        f"{path} does not exist, as after an import that ended with its deletion",
        "whether CKM has it: " + shell_line(["sfkeytool", "ckm", "list", "--target-org", "ALIAS"]),
        f"to make it anew: {shell_line(line)}",
    )


def _opened(run: Run, store: "InputFile", given: "list[Secret]") -> "ImportKeystore":
    from sfkeytool.workflows.ckm_import.keystore import read_import_keystore

    keystore = read_import_keystore(store, given, run.now)

    def open_with(passwords: "Sequence[Secret]") -> None:
        nonlocal keystore
        keystore = read_import_keystore(store, passwords, run.now)
        if keystore.needs_password:
            code = "keystore.wrong-password" if passwords else "keystore.password-needed"
            wrong = "no password that was given opens it" if passwords else "it is judged whole with its password"
            raise KeystorePasswordError(code, f"{store.label}: {wrong}")

    if keystore.needs_password and given:
        run.with_passwords(given, open_with)
    elif keystore.needs_password and run.asker is not None:
        with suppress(KeystorePasswordError):
            run.with_passwords(given, open_with)
    return keystore
