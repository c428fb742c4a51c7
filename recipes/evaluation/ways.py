"""Ways through a picture other than whole: by tiles, by proposed regions, refined by a CRF."""

from zoo.errors import InputError


class Over:
    """A segmenter's predictor over another, as `recipes.evaluation.evaluate` and `recipes.deploy.predict` take it.

    Subclasses define `predict_each`; all else is the other's.

    Args:
        predictor: what `export.load` returns, or one over it.
    """

    proposals = ""  # which no segmenter needs

    def __init__(self, predictor):
        self.predictor = predictor

    def __getattr__(self, name):
        return getattr(self.predictor, name)


def through(predictor, *, tile=None, proposals=None, crf=False):
    """Returns a segmenter's predictor that goes through pictures in the ways asked for, itself without any.

    Args:
        predictor: what `export.load` returns.
        tile: see `recipes.evaluation.by_tiles.Tiled`.
        proposals: see `recipes.evaluation.by_regions.ProposalWise`.
        crf: see `recipes.evaluation.with_crf.WithCrf`.
    Raises:
        InputError: if there are tiles and proposals, or as those.
    """
    if tile and proposals:
        raise InputError("--tile and --proposals are two ways through a picture: give one of them")
    if tile:
        from recipes.evaluation.by_tiles import Tiled

        predictor = Tiled(predictor, tile)
    if proposals:
        from recipes.evaluation.by_regions import ProposalWise

        predictor = ProposalWise(predictor, proposals)
    if crf:
        from recipes.evaluation.with_crf import WithCrf

        predictor = WithCrf(predictor)
    return predictor
