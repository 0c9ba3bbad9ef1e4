"""What a template does with some names: whether it only prints them, or works on them."""

from collections.abc import Iterable, Sequence

from .parser import parse
from .tree import Block, Call, Expression, Inline, Literally, Node, Output, Partial, Path

Name = tuple[str, ...]
_TESTS = {"if", "unless"}


def only_prints(source: str, names: Iterable[Name]) -> bool:
    """Whether a template only prints these names, escaped, and asks whether they are empty.

    Then its text for a value is its text for any other that is not empty either, with the one in the place of the
    other. False too where it cannot be told, such as for the whole context handed on. names: `("customer", "first_name")`
    is `customer.first_name`. Raises TemplateError.
    """
    wanted = frozenset(names)
    return _Reader(wanted, frozenset(name[0] for name in wanted)).allows(parse(source))


class _Reader:
    """Walks a tree. names: those asked about; roots: the first part of each."""

    def __init__(self, names: frozenset[Name], roots: frozenset[str]) -> None:
        self.names, self.roots = names, roots

    def allows(self, nodes: Sequence[Node]) -> bool:
        return all(self._allows(node) for node in nodes)

    def _allows(self, node: Node) -> bool:
        if isinstance(node, Literally):
            return True
        if isinstance(node, Inline):
            return self.allows(node.body)
        if isinstance(node, Output):
            return self._prints(node)
        if isinstance(node, Partial):
            given = [*node.options.values(), *([node.context] if node.context else [])]
            is_known = isinstance(node.name, str) or self._is_foreign(node.name)
            return is_known and self._are_foreign(given) and self.allows(node.body or [])
        return self._asks(node) and self.allows(node.body) and self.allows(node.otherwise or [])

    def _prints(self, node: Output) -> bool:
        call = node.call
        if call.arguments or call.options:
            return self._are_foreign([*call.arguments, *call.options.values()])
        if not isinstance(call.head, Path):
            return True
        return self._is_foreign(call.head) if node.is_raw else self._is_whole(call.head)

    def _asks(self, node: Block) -> bool:
        call = node.call
        if call.head.original in _TESTS and len(call.arguments) == 1 and isinstance(call.arguments[0], Path):
            return self._is_whole(call.arguments[0]) and self._are_foreign(call.options.values())
        given = [*call.arguments, *call.options.values()]
        # `{{#name}}` works on what it names.
        return self._are_foreign(given or [call.head])

    def _is_whole(self, path: Path) -> bool:
        """Not a part of a value, such as its length, nor found by way of the whole context."""
        if path.is_data and path.parts[:1] == ("root",):
            return False
        return not any(len(path.parts) > len(name) and path.parts[: len(name)] == name for name in self.names)

    def _are_foreign(self, given: Iterable[Expression]) -> bool:
        return all(self._is_foreign(one) for one in given)

    def _is_foreign(self, given: Expression) -> bool:
        """Whether something handed to a function or a block has nothing to do with the names."""
        if isinstance(given, Call):
            return self._are_foreign([given.head, *given.arguments, *given.options.values()])
        if not isinstance(given, Path):
            return True
        is_all = not given.parts or (given.is_data and given.parts[0] == "root")
        return not is_all and given.parts[0] not in self.roots
