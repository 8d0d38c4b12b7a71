"""What would take a test suite too long: faults, hostile bytes, races, clocks, and a year, for as long as is wanted.

``cd tests && python -m campaign --minutes 30`` runs it; docs/reliability.md has what it found.
"""
