"""Dialect C: `/api/predictions/seller`, its export and its push to the CRM."""
