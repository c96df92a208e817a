"""Preprocessing by name: each step learns from the rows that a model is fitted on, and treats all others alike."""
