"""R-CNN's five steps (Girshick et al. 2014, arXiv:1311.2524), a file each; `steps` goes through them."""

from recipes.training.rcnn.steps import check_recipe, train_rcnn

__all__ = ["check_recipe", "train_rcnn"]
