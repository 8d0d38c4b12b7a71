"""``ckm import``: a keystore into an org's Certificate and Key Management, and the proof that it is there.

Three rooms, each a value for the next: what stands in the way (preflight), the way through the door (door), which alone
differs between a person and a browser that is driven, and what the org shows afterwards (proof). None of them prints or
asks; time is handed in. Nothing here was tried against a live org.
"""
