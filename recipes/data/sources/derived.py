"""A source that says something else of another's records, one for one."""

from recipes.data.sources.source import Source


class Derived(Source):
    """The records of another source, `source`, with its findings; a subclass says in `changed` what becomes of them.

    Args:
        source: a `Source`.
    """

    def __init__(self, source):
        self.source, self.left_out = source, source.left_out

    @property
    def count(self):
        """Number of records of the source."""
        return self.source.count

    def table(self):
        """Returns that of the source."""
        return self.source.table()

    def all_records(self):
        """Returns the records of the source."""
        return self.source.all_records()

    def changed(self, example):
        """Returns what this source makes of an example of the other's, in whatever form its masks are."""
        raise NotImplementedError

    def decode(self, record):
        """As the source's, `changed`."""
        return self.changed(self.source.decode(record))

    def decode_as(self, record, forms):
        """As the source's, `changed`."""
        return self.changed(self.source.decode_as(record, forms))

    def stored(self, record):
        """As the source's."""
        return self.source.stored(record)

    def name_of(self, index):
        """As the source's."""
        return self.source.name_of(index)

    def all_findings(self, deep=False):
        """As the source's."""
        return self.source.all_findings(deep)

    def of_task(self, task):
        """As `Source.of_task`."""
        rest = super().of_task(task)
        rest.source = self.source.of_task(task)
        return rest
