"""Reads the words of one tag: paths, literals, sub-expressions, arguments, options, block names."""

import re
from collections.abc import Sequence

from .errors import LimitError, Place, TemplateSyntaxError
from .lexer import Tag, Word
from .limits import NESTING
from .tree import Call, Expression, Literal, Path

_CONSTANTS = {"true": True, "false": False, "null": None, "undefined": None}
_SEGMENTS = {"id", "bracket", "up", "dot"}
# handlebars.js refuses `list.0`; there is only one thing it can mean, so it is read as `list.[0]`.
_LATER_SEGMENTS = _SEGMENTS | {"number", "constant"}
_LITERALS = {"string", "number", "constant"}
_END = Word("end", "")


class Words:
    """A cursor over the words of a tag that stands under `depth` blocks; parentheses count like blocks."""

    def __init__(self, tag: Tag, depth: int = 0) -> None:
        self.place: Place = tag.place
        self._words: Sequence[Word] = tag.words
        self._index = 0
        self._depth = depth

    @property
    def next(self) -> Word:
        """The word to come; its kind is `end` after the last."""
        return self._words[self._index] if self._index < len(self._words) else _END

    def take(self, *kinds: str) -> Word | None:
        """The next word if it is of one of these kinds."""
        word = self.next
        if word.kind not in kinds:
            return None
        self._index += 1
        return word

    def error(self, message_fr: str) -> TemplateSyntaxError:
        """A syntax error at this tag."""
        return TemplateSyntaxError(f"{self.place.tag} : {message_fr}", self.place.line, self.place.column)

    def finish(self) -> None:
        """Refuse whatever is left in the tag."""
        if self.next.kind != "end":
            raise self.error(f"« {self.next.text} » n'a pas sa place ici. Retirez-le ou corrigez la balise.")

    def name(self) -> Path | Literal:
        """A path or a literal: what may stand first in a tag."""
        literal = self.take(*_LITERALS)
        return self._literal(literal) if literal else self._path()

    def call(self) -> Call:
        """A name with its arguments and options."""
        head = self.name()
        arguments, options = self.arguments()
        return Call(head, arguments, options, self.place)

    def arguments(self) -> tuple[tuple[Expression, ...], dict[str, Expression]]:
        """Arguments, then `option=value` pairs."""
        arguments: list[Expression] = []
        options: dict[str, Expression] = {}
        while self.next.kind not in ("end", "shut", "names"):
            if self._option_ahead():
                option = self._segment(self._words[self._index])
                self._index += 2
                options[option] = self.expression()
            elif options:
                raise self.error("les options (nom=valeur) s'écrivent après tous les arguments.")
            else:
                arguments.append(self.expression())
        return tuple(arguments), options

    def expression(self) -> Expression:
        """An argument: a path, a literal or a call in parentheses."""
        if not self.take("open"):
            return self.name()
        self._depth += 1
        if self._depth > NESTING:
            message = f"plus de {NESTING} parenthèses et blocs imbriqués. Simplifiez la balise."
            raise LimitError.at(self.place, message)
        call = self.call()
        if not self.take("shut"):
            raise self.error("une parenthèse n'est pas refermée. Ajoutez ) au bon endroit.")
        self._depth -= 1
        return call

    def block_names(self) -> tuple[str, ...]:
        """The names in `as |item index|`, if any."""
        if not self.take("names"):
            return ()
        names: list[str] = []
        while word := self.take("id"):
            names.append(word.text)
        if not names or not self.take("bar"):
            raise self.error("la suite « as |…| » est incomplète. Écrivez par exemple as |plat|.")
        return tuple(names)

    def _option_ahead(self) -> bool:
        following = self._words[self._index + 1 : self._index + 2]
        return self.next.kind in ("id", "bracket") and bool(following) and following[0].kind == "equals"

    def _literal(self, word: Word) -> Literal:
        if word.kind == "string":
            quote = word.text[0]
            text = word.text[1:-1].replace("\\" + quote, quote)
            return Literal(text, text)
        if word.kind == "constant":
            return Literal(_CONSTANTS[word.text], word.text)
        if len(word.text) > 30:
            raise self.error("ce nombre est trop long. Écrivez-le entre guillemets droits.")
        return Literal(float(word.text) if "." in word.text else int(word.text), word.text)

    def _path(self) -> Path:
        is_data = self.take("at") is not None
        word = self.take(*_SEGMENTS)
        if not word:
            raise self._no_name()
        original = "@" if is_data else ""
        parts: list[str] = []
        depth = 0
        is_scoped = word.kind in ("up", "dot") or word.text == "this"
        while True:
            original += self._segment(word)
            if word.kind in ("up", "dot") or (word.kind == "id" and word.text == "this"):
                if parts:
                    raise self.error(
                        f"le chemin « {original} » est impossible. « this », « . » et « .. » vont au début."
                    )
                depth += word.kind == "up"
            else:
                parts.append(self._segment(word))
            separator = self.take("separator")
            if self.next.kind == "dot" and self.next.start == word.start + len(word.text):
                raise self.error(
                    f"le chemin « {original}. » n'est pas fini. Ajoutez le nom qui manque ou retirez le point."
                )
            if not separator:
                return Path(original, tuple(parts), depth, is_data, is_scoped, self.place)
            original += separator.text
            following = self.take(*_LATER_SEGMENTS)
            if not following:
                raise self.error(f"le chemin « {original} » n'est pas fini. Ajoutez le nom qui manque.")
            word = following

    def _segment(self, word: Word) -> str:
        if word.kind == "bracket":
            return re.sub(r"\\([\\\]])", r"\1", word.text[1:-1])
        return word.text

    def _no_name(self) -> TemplateSyntaxError:
        if self.next.kind in ("end", "shut"):
            return self.error("il manque un nom ici. Écrivez par exemple {{prenom}}.")
        return self.error(f"« {self.next.text} » ne peut pas commencer un nom. Corrigez la balise.")
