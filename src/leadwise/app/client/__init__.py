"""A client of the native API, `leadwise.Client`."""
