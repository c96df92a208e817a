"""The feature store on files: snapshots of what is scored and learnt from, each whole or not there."""
