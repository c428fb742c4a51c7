"""Reading weights that others published."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ["darknet"], {"loading": ["load"]})
