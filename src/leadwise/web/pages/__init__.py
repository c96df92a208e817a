"""One module per page, with a template of the same stem.

A page offers `PATH` and `router(sources)`, serves HTML at PATH and the same data at PATH.json, and fills its template
from a frozen dataclass whose fields carry their help.
"""
