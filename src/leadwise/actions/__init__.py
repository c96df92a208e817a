"""What to do about a score."""
