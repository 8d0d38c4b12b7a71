"""``--carry-out``: a renewal or rotation carried out in an org, step by step; see workflows/carry_out."""
