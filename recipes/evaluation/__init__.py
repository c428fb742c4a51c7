"""What measures: a model or artifact on a source, proposals, networks side by side."""
