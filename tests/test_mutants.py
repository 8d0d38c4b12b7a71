"""A sample of the campaign in mutants.py: bits flipped, digests fitted again, and Java as the judge."""

import mutants
import odd_certificates as odd
import pytest

from sfkeytool.crypto.der import children, read_tlv


@pytest.mark.slow
def test_nothing_that_java_refuses_is_accepted() -> None:
    """And the sample says something: there are enough of each kind."""
    wrong, tally = mutants.misjudged(400)
    assert not wrong, [(mutant.name, refusal) for mutant, refusal in wrong]
    assert tally["accept, Java opens"] > 80
    assert tally["reject, Java refuses"] + tally["unsure, Java refuses"] + tally["unreadable, Java refuses"] > 80


def test_the_mutants_are_the_same_each_time() -> None:
    """Or nobody could look again at the one that failed. ECDSA signs with a random number unless told not to."""
    assert mutants.material.__wrapped__()[1:] == mutants.material()[1:]


def test_what_the_mutants_are_made_of_is_accepted() -> None:
    """Or a mutant's refusal would prove nothing. Java agrees."""
    _, made, pkcs8 = mutants.material()
    for name, der in made.items():
        chain = [made["of-ec"], der] if name == "ec-ca" else [der]
        store = mutants.Mutant(f"{name}.jks", mutants.keystore(chain, pkcs8), None)
        report = store.judged()
        assert report is not None
        assert (report.verdict, report.unknown, store.java_refuses()) == ("accept", (), None), name


@pytest.mark.parametrize(
    "key_pkcs8",
    [
        lambda parts: odd.tlv(0x30, odd.tlv(2, b"\2"), *parts[1:]),  # no version that there is
        lambda parts: odd.tlv(0x30, b"\x02\x81\x01\0", *parts[1:]),  # BER, which Java 17 reads and 11 does not
        lambda parts: odd.tlv(0x30, parts[0], odd.tlv(0x30, b"\x86" + odd.oid("1.2.840.113549.1.1.1")[1:]), parts[2]),
    ],
)
def test_a_key_that_java_refuses_is_not_accepted(key_pkcs8: object) -> None:
    """Each was found by a mutant."""
    _, made, pkcs8 = mutants.material()
    parts = [odd.tlv(part.tag, part.value) for part in children(read_tlv(pkcs8).value)]
    assert callable(key_pkcs8)
    store = mutants.Mutant("key.jks", mutants.keystore([made["v3"]], key_pkcs8(parts)), None)
    report = store.judged()
    assert report is not None
    assert report.verdict == "reject"
    assert store.java_refuses() or b"\x02\x81\x01\0" in key_pkcs8(parts)[:8]
