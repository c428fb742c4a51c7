"""A segmenter that looks at a picture region by region, for `zoo evaluate`."""

from recipes.evaluation.ways import Over
from zoo.errors import InputError
from zoo.proposals import check_method
from zoo.segmentation.proposal_wise import proposal_wise


class ProposalWise(Over):
    """A predictor over another that joins the maps of proposed regions.

    Args:
        predictor: what `export.load` returns for a segmenter that was trained at one size.
        method: a name of `zoo.proposals.METHODS`.

    Raises:
        InputError: if the model is none such, or the method is unknown.
    """

    def __init__(self, predictor, method):
        check_method(method)
        if predictor.task != "segmentation" or predictor.frame_size is None:
            raise InputError(
                "--proposals is for segmentation at one picture size, received "
                f"{predictor.task} at {predictor.frame_size or 'any size'}"
            )
        super().__init__(predictor)
        self.method = method

    def predict_each(self, pictures):
        """Yields one dict a picture, with `logits (H, W, C)` in its own pixels."""
        for picture in pictures:
            yield proposal_wise(self.predictor.predict, picture, self.predictor.frame_size, method=self.method)
