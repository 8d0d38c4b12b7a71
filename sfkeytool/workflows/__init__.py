"""One pure function per command: (request, inputs, now) → Outcome. Nothing here reads, writes, asks or prints."""
