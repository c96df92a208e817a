"""Files of leads, events and outcomes, as records that the store takes. A mapping says which column is what."""
