"""A sample of the campaign in mutants.py: bits flipped, digests fitted again, and Java as the judge."""

import mutants


def test_nothing_that_java_refuses_is_accepted() -> None:
    """And the sample says something: there are enough of each kind."""
    wrong, tally = mutants.misjudged(400)
    assert not wrong, [(mutant.name, refusal) for mutant, refusal in wrong]
    assert tally["accept, Java opens"] > 80
    assert tally["reject, Java refuses"] + tally["unsure, Java refuses"] + tally["unreadable, Java refuses"] > 80


def test_what_the_mutants_are_made_of_is_accepted() -> None:
    """Or a mutant's refusal would prove nothing. Java agrees."""
    _, made, pkcs8 = mutants.material()
    for name, der in made.items():
        chain = [made["of-ec"], der] if name == "ec-ca" else [der]
        store = mutants.Mutant(f"{name}.jks", mutants.keystore(chain, pkcs8), None)
        report = store.judged()
        assert report is not None
        assert (report.verdict, report.unknown, store.java_refuses()) == ("accept", (), None), name
