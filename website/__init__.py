"""What `make docs` makes beside the pages under docs/: a page a model, the reference, the tutorials as they ran."""
