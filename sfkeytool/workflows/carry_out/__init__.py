"""``renew`` and ``rotate --carry-out``: the runbook carried out, step by step, each proved before the next begins.

``table`` says which steps there are, ``engine`` goes through them, ``record`` is what a disk keeps between two runs,
``evidence`` tells it to people; ``proving`` logs in and ``history`` reads who else did. None of them prints, asks or
opens a file; time is handed in. Nothing here was tried against a live org.
"""
