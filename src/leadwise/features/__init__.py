"""Features as of an instant, and the columns of a table; never sees the store."""
