"""The runtimes that predict with a file, one each, as subclasses of `export.predictor.Predictor`."""
