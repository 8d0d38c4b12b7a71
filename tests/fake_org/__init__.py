"""A stand-in for Salesforce on this machine: strict where Salesforce is, and an independent judge.

It shares no code with sfkeytool, and verifies what is sent to it with other means (cryptography alone). Unmodified
clients agree with it: tests/test_fake_org.py.
"""

from .server import FakeOrg

__all__ = ["FakeOrg"]
