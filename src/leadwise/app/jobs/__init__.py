"""Work that takes longer than a request may wait for: what is done, and the process that does it."""
