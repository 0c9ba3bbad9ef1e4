"""Handlebars in Python: templates of plain data, safe to let staff write. Standard library only."""

from .errors import (
    HelperError,
    LimitError,
    MissingPartial,
    Place,
    RawRefused,
    TemplateError,
    TemplateSyntaxError,
    UnknownHelper,
    UnsafeValue,
)
from .helpers import Refusal, register
from .template import Template, compile, variables

__all__ = [
    "HelperError",
    "LimitError",
    "MissingPartial",
    "Place",
    "RawRefused",
    "Refusal",
    "Template",
    "TemplateError",
    "TemplateSyntaxError",
    "UnknownHelper",
    "UnsafeValue",
    "compile",
    "register",
    "variables",
]
