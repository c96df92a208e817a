"""Parts of pages: each turns facts into what a template shows."""
