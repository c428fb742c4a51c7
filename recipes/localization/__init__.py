"""Recipes of localizers, landmarks and poses, one a file."""
