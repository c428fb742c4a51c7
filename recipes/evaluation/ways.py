"""Ways through a picture other than once and whole: by tiles, by proposed regions, in views, refined by a CRF."""

from zoo.errors import InputError


class Over:
    """A predictor over another, as `recipes.evaluation.evaluate` and `recipes.deploy.predict` take it.

    Subclasses define `predict_each`; all else is the other's.

    Args:
        predictor: what `export.load` returns, or one over it.
    """

    proposals = ""  # those of the whole picture are not given: where the other needs some, it finds its own

    def __init__(self, predictor):
        self.predictor = predictor

    def __getattr__(self, name):
        return getattr(self.predictor, name)


def through(predictor, *, tile=None, overlap=None, flip=False, scales=None, proposals=None, crf=False):
    """Returns a predictor that goes through pictures in the ways asked for, itself without any.

    Args:
        predictor: what `export.load` returns.
        tile: see `recipes.evaluation.by_tiles.tiled`.
        overlap: likewise.
        flip: see `recipes.evaluation.by_views.Views`.
        scales: likewise; `None` for the usual scale alone.
        proposals: see `recipes.evaluation.by_regions.ProposalWise`.
        crf: see `recipes.evaluation.with_crf.WithCrf`.
    Raises:
        InputError: if two of them exclude each other, there is an overlap without tiles, or as those.
    """
    if tile and proposals:
        raise InputError("--tile and --proposals are two ways through a picture: give one of them")
    if proposals and scales:
        raise InputError("--proposals brings each region to the model's one size: leave out --scales")
    if overlap is not None and not tile:
        raise InputError("--overlap is by how much tiles overlap: give --tile too")
    if tile:
        from recipes.evaluation.by_tiles import tiled

        predictor = tiled(predictor, tile, overlap)
    if proposals:
        from recipes.evaluation.by_regions import ProposalWise

        predictor = ProposalWise(predictor, proposals)
    if flip or scales:
        from recipes.evaluation.by_views import Views

        predictor = Views(predictor, flip, scales or (1.0,))
    if crf:
        from recipes.evaluation.with_crf import WithCrf

        predictor = WithCrf(predictor)
    return predictor
