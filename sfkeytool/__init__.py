"""Keys and certificates of Salesforce integrations."""

__version__ = "0.1.0"
