"""Whether a keystore may go once its import is proved: only where its key is kept in another file, too."""

from collections.abc import Sequence

from sfkeytool.crypto import certificates, reminders
from sfkeytool.errors import PrivateKeyError
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.keystores.heap import gather
from sfkeytool.keystores.selection import select_key
from sfkeytool.passwords import Secret
from sfkeytool.workflows.ckm_import.keystore import ImportEntry


def is_reminder(entry: ImportEntry) -> bool:
    """Whether its key is nowhere else on purpose: it signs no login, and is there to expire. Pure."""
    return reminders.reminded_sha256_prefix(entry.certificate) is not None


def require_key_stays(entry: ImportEntry, key_file: InputFile | None, passwords: Sequence[Secret]) -> None:
    """Raises PrivateKeyError ckm.no-key-stays unless ``key_file``, read just now, has the entry's key; what opening it
    raises. Pure."""
    if is_reminder(entry):
        return
    if key_file is None:
        raise PrivateKeyError(
            "ckm.no-key-stays",
            f"the keystore of {entry.name} is not deleted: no file that stays is known to hold its key",
            f"the folder has no {entry.name}.key: name the file that keeps it with --key",
        )
    heap = gather([parse_contents(key_file, passwords)], "--password", by_alias=False)
    if select_key(heap).key.spki_der != certificates.spki_der(entry.certificate):
        raise PrivateKeyError(
            "ckm.no-key-stays",
            f"the keystore of {entry.name} is not deleted: {key_file.label} holds another key",
            "name the file that keeps its key with --key",
        )
