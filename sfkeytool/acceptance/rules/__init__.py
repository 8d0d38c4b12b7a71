"""The rules, by theme. Which ones there are, says the catalogue."""
