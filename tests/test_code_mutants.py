"""The changes that code_mutants.py makes, and that it tells those that tests notice from those that none does."""

import re
import subprocess
import sys
from pathlib import Path

import code_mutants
import pytest
from test_readme import whole

SOURCE = '''
LIMIT = 1

def judged(values: list[int], few: bool = True) -> int | None:
    """No change: 1 < 2."""
    for value in values:
        if value < 10 and not few:
            continue
        note(f"{value + 1}")
    return len(values) + 3
'''


def test_what_is_changed(tmp_path: Path) -> None:
    """Only what runs when a function is called, and no text."""
    file = tmp_path / "module.py"
    file.write_text(SOURCE)
    mutants = list(code_mutants.mutants_of(file, range(99)))
    assert [(mutant.line, mutant.before, mutant.after) for mutant in mutants] == [
        (7, "value < 10 and (not few)", "value < 10 or not few"),
        (7, "value < 10 and (not few)", "not few"),
        (7, "value < 10 and (not few)", "value < 10"),
        (7, "value < 10", "value <= 10"),
        (7, "value < 10", "value >= 10"),
        (7, "10", "11"),
        (7, "10", "9"),
        (7, "not few", "few"),
        (8, "continue", "break"),
        (9, "note(f'{value + 1}')", "pass"),
        (10, "return len(values) + 3", "return None"),
        (10, "len(values) + 3", "len(values) - 3"),
        (10, "3", "4"),
        (10, "3", "2"),
    ]
    assert len({mutant.source for mutant in mutants}) == len(mutants)
    assert all(before != after for mutant in mutants for before, after in mutant.codes)


@whole
def test_the_rooms_are_there() -> None:
    for modules, tests in code_mutants.ROOMS.values():
        assert list(code_mutants.ROOT.glob(modules)), modules
        for name in tests:
            assert (code_mutants.ROOT / "tests" / f"test_{name}.py").is_file(), name


@whole
def test_a_sample_can_be_drawn_again() -> None:
    _, first, count = code_mutants.sample("wrap", 5, "20261128")
    assert list(map(str, first)) == list(map(str, code_mutants.sample("wrap", 5, "20261128")[1]))
    assert list(map(str, first)) != list(map(str, code_mutants.sample("wrap", 5, "20261129")[1]))
    assert len(first) == 5 < count


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_what_no_test_notices_is_told() -> None:
    """Of one function, with the tests that are meant for it and with others."""
    program = """
import sys, code_mutants
code_mutants.ROOMS = {"one": ("sfkeytool/edge/patterns.py", (sys.argv[1],))}
sys.exit(code_mutants.run_room("one", 6, 5, "1", (), slow=False))
"""
    told = []
    for tests in ("patterns", "markup"):
        done = subprocess.run(
            [sys.executable, "-c", program, tests],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
        told.append(done.stdout)
    killed, live = (int(word) for word in re.findall(r"(\d+) (?:killed|live)", told[0]))
    assert killed > 3
    assert killed + live == 6
    assert "6 of 6 tried, 0 killed, 6 live" in told[1]
