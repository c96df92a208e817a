"""Models that belong to users within an organisation: what the prediction service trains and tells (requirement 5)."""
