"""A stand-in for Salesforce on this machine: strict where Salesforce is, and an independent judge.

It shares no code with sfkeytool, and verifies what is sent to it with other means: cryptography alone, and a genuine
Java for keystores. Unmodified clients agree with it: tests/test_fake_org.py; what was run once by hand stands in
setup.py and deployments.py.
"""

from .server import FakeOrg

__all__ = ["FakeOrg"]
