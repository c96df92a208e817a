"""Models of owners within an organisation: the prediction service's way of training and asking (requirement 5)."""
