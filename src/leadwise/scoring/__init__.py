"""The active model applied to leads: probability, grade, reasons."""
