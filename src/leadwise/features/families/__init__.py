"""Families of features: each file registers one function that gives its features for a target."""
