"""``check`` on a terminal: what it asks, and that nobody waits for results that are there."""

from pathlib import Path

import pytest
from conftest import PASSWORD, CertificateAuthority, Pair
from test_check import assert_java_opens, ders, keystore, pkcs8
from test_guided import finish, pty_only, terminal

pytestmark = [pty_only, pytest.mark.slow]


def test_a_password_is_asked_for_until_it_opens(folder: Path, pair: Pair, ca: CertificateAuthority) -> None:
    """Once to judge; what was typed then makes the copy, too. The key's own password is asked for as that."""
    chain = ders(pair.crt, ca.intermediate, ca.root)
    (folder / "pay.jks").write_bytes(keystore(pkcs8(pair), chain, key_password="of-the-key-alone"))
    with terminal("check", "pay.jks", "--fix", folder=folder, NO_COLOR="1") as child:
        for typed in ("wrong", PASSWORD):
            child.expect("which password opens it")
            child.expect("Password")
            child.sendline(typed)
        child.expect("pay.jks: reject")
        child.expect("Password of the entry 'pay'")
        child.sendline("of-the-key-alone")
        told = finish(child)
    assert "pay: repaired copy: accept" in told
    assert child.exitstatus == 0
    assert_java_opens(folder / "pay-fixed" / "pay.jks", "pay", pkcs8(pair), chain)


def test_three_wrong_passwords_and_what_can_be_seen_is_told(folder: Path, pair: Pair) -> None:
    (folder / "pay.jks").write_bytes(keystore(pkcs8(pair), ders(pair.crt)))
    with terminal("check", "pay.jks", folder=folder, NO_COLOR="1") as child:
        for _ in range(3):
            child.expect("which password opens it")
            child.expect("Password")
            child.sendline("wrong")
        child.expect("Try another password")
        child.send("\x1b[A\r")  # the last row: leave it closed
        told = finish(child)
    assert "pay.jks cannot be judged (wrong password or altered)" in told
    assert "pay.jks: unsure" in told
    assert child.exitstatus == 1


def test_a_new_password_is_asked_for_where_the_old_one_will_not_do(
    folder: Path, pair: Pair, ca: CertificateAuthority
) -> None:
    """Also where the key has another password, which was typed just before."""
    chain = ders(pair.crt, ca.intermediate, ca.root)
    (folder / "pay.jks").write_bytes(keystore(pkcs8(pair), chain, password="short", key_password="of-the-key-alone"))
    with terminal(
        "check", "pay.jks", "--fix", "--password", "env:SHORT", folder=folder, NO_COLOR="1", SHORT="short"
    ) as child:
        child.expect("Password of the entry 'pay'")
        child.sendline("of-the-key-alone")
        child.expect(r"needs\s+one\s+of\s+at\s+least\s+8")
        for question in ("New password", "The same again"):
            child.expect(question)
            child.sendline(PASSWORD)
        told = finish(child)
    assert "pay: repaired copy: accept" in told
    assert_java_opens(folder / "pay-fixed" / "pay.jks", "pay", pkcs8(pair), chain)


def test_results_of_many_files_are_shown_while_others_are_still_to_come(folder: Path, pair: Pair) -> None:
    """The last file waits for its password: all before it are told by then, and the question is left alone."""
    names = [f"pay{number:02}.crt" for number in range(20)]
    for name in names:
        (folder / name).write_bytes(pair.crt.read_bytes())
    (folder / "last.jks").write_bytes(keystore(pkcs8(pair), ders(pair.crt)))
    with terminal("check", *names, "last.jks", folder=folder, NO_COLOR="1") as child:
        for name in names:
            child.expect(f"{name}: accept \\(PEM, app-cert\\)")
        child.expect("which password opens it")
        child.expect("Password")
        child.sendline(PASSWORD)
        told = finish(child)
    assert "last.jks: accept" in told
    assert "21 files: 21 accept, 0 reject, 0 unsure" in told
