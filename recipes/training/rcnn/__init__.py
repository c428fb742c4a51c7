"""R-CNN's five steps (Girshick et al. 2014, arXiv:1311.2524), a file each; `steps` goes through them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={"steps": ("check_recipe", "train_rcnn")})
