"""Drift, calibration over time, data quality, retraining triggers."""
