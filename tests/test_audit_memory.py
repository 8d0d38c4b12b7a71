"""How an audit grows with what it looks at: by the facts of a certificate, and no more than that."""

import gc
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from sfkeytool.audit.files import read_carriers
from sfkeytool.audit.inventory import take_inventory
from sfkeytool.audit.model import Carrier, Inventory, Source
from sfkeytool.audit.reports.formats import FORMATS
from sfkeytool.cli.envelope import encode_answer
from sfkeytool.keystores.contents import InputFile
from sfkeytool.workflows.audited import audited

FEW, MANY = 60, 120


@cache
def files() -> list[InputFile]:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    made = []
    for number in range(MANY):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"some {number}")])
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=20 + number))
        pem = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
        made.append(InputFile(f"keys/{number}.crt", pem))
    return made


@cache
def made_once(count: int) -> Inventory:
    return inventory_of(count)


def inventory_of(count: int) -> Inventory:
    carriers = (
        each for file in files()[:count] for each in read_carriers(InputFile(file.label, file.data), "keys", ())
    )
    found = tuple(each for each in carriers if isinstance(each, Carrier))
    assert len(found) == count
    return take_inventory([Source("keys", found)], datetime.now(UTC))


def traced(action: Callable[[], object]) -> tuple[int, int]:
    """Bytes that are held while the outcome of ``action`` is, and at most while it ran."""
    gc.collect()
    tracemalloc.start()
    try:
        outcome = action()
        gc.collect()
        held, most = tracemalloc.get_traced_memory()
        del outcome
    finally:
        tracemalloc.stop()
    return held, most


def test_an_inventory_holds_facts_alone() -> None:
    """No certificate as a library's object, no PEM: about 1,200 bytes each; it was twice as much."""
    made_once(MANY)  # and with it what is kept of all
    many, few = (min(traced(lambda: inventory_of(count))[0] for _ in range(2)) for count in (MANY, FEW))  # noqa: B023
    grown = many - few  # the least: what else goes on in the process is held too
    assert grown / (MANY - FEW) < 2000


def test_json_does_not_grow_with_its_items() -> None:
    """Twice as many items need no more memory, however much they write."""
    few, many = made_once(FEW), made_once(MANY)

    def written(inventory: Inventory) -> int:
        return sum(map(len, encode_answer(0, audited(inventory, ()), ())))

    assert written(many) > 1.9 * written(few)
    assert traced(lambda: written(many))[1] < traced(lambda: written(few))[1] + 20_000


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"prometheus"}))
def test_reports_grow_by_less_than_they_write(name: str) -> None:
    """Metrics are kept until all are there: of a series there is one."""
    if FORMATS[name].library:
        pytest.importorskip(FORMATS[name].library)
    few, many = made_once(FEW), made_once(MANY)

    def written(inventory: Inventory) -> int:
        return sum(map(len, FORMATS[name].encode(inventory)))

    more = written(many) - written(few)
    grown = traced(lambda: written(many))[1] - traced(lambda: written(few))[1]
    assert grown < max(more / 2, 20_000)
