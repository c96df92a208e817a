"""The commands of `leadwise`, one per file."""
