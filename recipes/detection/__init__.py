"""Recipes of detectors, one a file."""
