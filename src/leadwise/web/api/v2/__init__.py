"""The native API, `/api/v2`: one file per subject; `shapes` has what is sent and answered."""
