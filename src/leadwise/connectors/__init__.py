"""One file per outside system: pulls records, pushes actions."""
