"""An installation that lacks something, for a process of its own."""

from importlib.machinery import PathFinder


def without(*packages):
    """From here on these packages are not installed."""
    find = PathFinder.find_spec

    def find_spec(name, path=None, target=None):
        return None if name.partition(".")[0] in packages else find(name, path, target)

    PathFinder.find_spec = find_spec
