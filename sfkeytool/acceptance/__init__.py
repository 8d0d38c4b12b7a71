"""What Salesforce accepts, and when it mails."""
