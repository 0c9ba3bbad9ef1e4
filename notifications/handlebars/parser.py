"""Builds the tree from texts and tags."""

from .errors import LimitError, TemplateError, TemplateSyntaxError
from .expressions import Words
from .lexer import Lexer, Tag, Text
from .limits import NESTING, TEMPLATE_BYTES
from .tree import Block, Call, Inline, Literal, Literally, Node, Output, Partial
from .whitespace import trim

_RAW = {"triple", "ampersand"}


def parse(source: str) -> list[Node]:
    """Parse a whole template. Raises TemplateSyntaxError or LimitError."""
    if len(source) > TEMPLATE_BYTES or len(source.encode("utf-8", "surrogatepass")) > TEMPLATE_BYTES:
        raise LimitError(
            f"le modèle dépasse {TEMPLATE_BYTES // 1024} Kio. Raccourcissez-le ou découpez-le en modèles partiels."
        )
    tokens = list(Lexer(source).tokens())
    trim(tokens)
    return _Parser(tokens).template()


class _Parser:
    def __init__(self, tokens: list[Text | Tag]) -> None:
        self._tokens = iter(tokens)
        self._depth = 0

    def template(self) -> list[Node]:
        nodes, end = self._nodes()
        if end is None:
            return nodes
        if end.kind == "close":
            raise _error(end, "cette fin de bloc n'a pas de début. Retirez-la, ou ajoutez {{#…}} plus haut.")
        raise _error(end, "ce « sinon » n'est dans aucun bloc. Placez-le entre {{#if …}} et {{/if}}.")

    def _nodes(self) -> tuple[list[Node], Tag | None]:
        """Nodes up to an `else`, a closing tag or the end of the template, and that tag."""
        nodes: list[Node] = []
        for token in self._tokens:
            if isinstance(token, Text):
                if token.value:
                    nodes.append(Literally(token.value))
            elif token.kind in ("close", "otherwise", "chain"):
                return nodes, token
            elif token.kind != "comment":
                nodes.append(self._node(token))
        return nodes, None

    def _node(self, tag: Tag) -> Node:
        words = Words(tag, self._depth)
        if tag.kind == "partial":
            return self._partial(tag, words)
        if tag.kind not in ("block", "inverted", "inline", "partial_block"):
            call = words.call()
            words.finish()
            return Output(call, tag.kind in _RAW, tag.place)
        self._depth += 1
        if self._depth > NESTING:
            raise LimitError.at(tag.place, f"plus de {NESTING} blocs imbriqués. Découpez le modèle.")
        node = self._opened(tag, words)
        self._depth -= 1
        return node

    def _opened(self, tag: Tag, words: Words) -> Node:
        if tag.kind == "inline":
            return self._inline(tag, words)
        if tag.kind == "partial_block":
            partial = self._partial(tag, words)
            name = partial.name if isinstance(partial.name, str) else _original(partial.name)
            partial.body = self._plain_body(tag, name)
            partial.indent = ""  # only {{> name}} hands its indent down
            return partial
        block, end = self._block(tag, words)
        _match(tag, _original(block.call), end)
        if tag.kind == "inverted":
            block.body, block.otherwise = block.otherwise or [], block.body
        return block

    def _block(self, tag: Tag, words: Words) -> tuple[Block, Tag]:
        """A block, or one link of an `else if` chain, with the tag that ends the whole chain."""
        call = words.call()
        names = words.block_names()
        words.finish()
        body, end = self._nodes()
        otherwise: list[Node] | None = None
        if end and end.kind == "otherwise":
            otherwise, end = self._nodes()
        elif end and end.kind == "chain":
            self._depth += 1
            if self._depth > NESTING:
                raise LimitError.at(end.place, f"plus de {NESTING} « sinon si » de suite. Découpez le modèle.")
            link, end = self._block(end, Words(end, self._depth))
            otherwise = [link]
            self._depth -= 1
        if end is None:
            raise _unclosed(tag, _original(call))
        if end.kind != "close":
            raise _error(end, "ce « sinon » vient après le dernier. Gardez un seul {{else}}, à la fin du bloc.")
        return Block(call, names, body, otherwise, tag.place), end

    def _inline(self, tag: Tag, words: Words) -> Inline:
        call = words.call()
        words.finish()
        name = call.arguments[0] if len(call.arguments) == 1 else None
        if _original(call) != "inline" or not isinstance(name, Literal):
            raise _error(tag, 'la seule forme connue est {{#*inline "nom"}}…{{/inline}}.')
        return Inline(name.original, self._plain_body(tag, "inline"))

    def _plain_body(self, tag: Tag, name: str) -> list[Node]:
        body, end = self._nodes()
        if end is None:
            raise _unclosed(tag, name)
        if end.kind != "close":
            raise _error(end, "ce bloc n'a pas de « sinon ». Retirez {{else}}.")
        _match(tag, name, end)
        return body

    def _partial(self, tag: Tag, words: Words) -> Partial:
        named = words.expression()
        name: str | Call = named if isinstance(named, Call) else named.original
        arguments, options = words.arguments()
        words.finish()
        if len(arguments) > 1:
            raise _error(tag, "un modèle partiel reçoit un seul contexte. Passez le reste par des options nom=valeur.")
        return Partial(name, arguments[0] if arguments else None, options, tag.indent, None, tag.place)


def _original(call: Call) -> str:
    return call.head.original


def _match(tag: Tag, name: str, end: Tag) -> None:
    words = Words(end)
    closed = words.name()
    words.finish()
    if closed.original != name:
        raise TemplateSyntaxError.at(
            end.place,
            f"cette fin ne correspond pas au bloc {tag.place.tag} ouvert ligne {tag.place.line}, "
            f"colonne {tag.place.column}. Écrivez {{{{/{name}}}}}.",
        )


def _unclosed(tag: Tag, name: str) -> TemplateError:
    return TemplateSyntaxError.at(tag.place, f"ce bloc n'est pas refermé. Ajoutez {{{{/{name}}}}} à sa fin.")


def _error(tag: Tag, message_fr: str) -> TemplateError:
    return TemplateSyntaxError.at(tag.place, message_fr)
