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
from .plain import only_prints
from .template import Template, compile, variables
from .values import LINK_SCHEMES, escape, is_safe_link

__all__ = [
    "LINK_SCHEMES",
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
    "escape",
    "is_safe_link",
    "only_prints",
    "register",
    "variables",
]
