"""The report of a run: one HTML file that stands alone."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={"samples": ["Sample"]})
