"""What can go wrong with a template, told in French: the tag, its place, the cure; never a guest's data."""

from typing import NamedTuple


class Place(NamedTuple):
    """Where a tag stands: its text (shortened), its line and column, both counted from 1."""

    tag: str
    line: int
    column: int


class TemplateError(Exception):
    """A template that cannot be compiled or rendered. `str(error)` is fit for staff to read."""

    def __init__(self, message_fr: str, line: int = 1, column: int = 1, partial: str | None = None) -> None:
        super().__init__(message_fr, line, column, partial)
        self.message_fr = message_fr
        self.line = line
        self.column = column
        self.partial = partial

    @classmethod
    def at(cls, place: Place, message_fr: str) -> "TemplateError":
        """Build the error of this class for the tag at `place`."""
        return cls(f"{place.tag} : {message_fr}", place.line, place.column)

    def __str__(self) -> str:
        where = f"Ligne {self.line}, colonne {self.column}"
        if self.partial:
            where += f" du modèle partiel « {self.partial} »"
        return f"{where} : {self.message_fr}"


class TemplateSyntaxError(TemplateError):
    """The text is not a well-formed template."""


class LimitError(TemplateError):
    """A limit is passed: size, nesting, partial depth, loop steps or output."""


class UnknownHelper(TemplateError):
    """A tag gives arguments to a name that is not a helper."""


class HelperError(TemplateError):
    """A helper was given something it cannot work with."""


class MissingPartial(TemplateError):
    """A partial is named that nobody provides."""


class UnsafeValue(TemplateError):
    """The context holds an object that is not plain data, or a link of a refused scheme."""


class RawRefused(TemplateError):
    """`{{{x}}}` or `{{&x}}` was written by someone who may not use it."""
