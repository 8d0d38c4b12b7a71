"""What no source tells, asked of an org: ``pytest tests/live --org ALIAS``. docs/sources.md says how, and what for.

It works in a sandbox or scratch org alone, says before what it will make there, deletes that at the end, and writes a
report that names each rule which the org confirmed or refuted. questions.py lists what is asked: another question is
one entry there. tests/test_live.py walks all of it against the fake org.
"""
