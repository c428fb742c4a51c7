"""Recipes of segmenters, one a file."""
