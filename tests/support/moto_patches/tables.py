"""Patches of moto's tables: what they compute several times for one call is computed once."""

import copy
import pickle
from functools import cache
from types import SimpleNamespace
from typing import Any

from tests.support.snapshot import compute_once, with_rows

_OF_TEXT = ("ActionCountValidator", "OverlappingPathsValidator", "UpdateHashRangeKeyValidator")


def patch_tables() -> None:
    """Call once in a process."""
    _copy_only_changed_items()
    _parse_conditions_once()
    _parse_updates_once()
    _measure_items_once()


def _copy_only_changed_items() -> None:
    """An update works on a copy of its item, so a rollback needs references to the old items and no copies.

    Moto copies the whole table for each action of a transaction, and copies and sorts all items for each query.
    """
    from moto.dynamodb import models, responses
    from moto.dynamodb.models import DynamoDBBackend, Table
    from moto.dynamodb.models import table as tables
    from moto.dynamodb.models.dynamo_type import DynamoType

    change, copied = DynamoDBBackend.update_item, DynamoType.__deepcopy__
    original = DynamoDBBackend.transact_write_items
    before: dict[int, Any] = {}

    def update(backend: DynamoDBBackend, table_name: str, key: dict[str, Any], *how: Any, **more: Any) -> Any:
        pk, sk = DynamoType(key["pk"]), DynamoType(key["sk"])
        rows = backend.get_table(table_name).items.get(pk, {})
        if sk in rows:
            rows[sk] = copy.deepcopy(rows[sk])
        return change(backend, table_name, key, *how, **more)

    def transact(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        before.clear()
        original(backend, transact_items)

    def copy_reference(thing: Any) -> Any:
        if not isinstance(thing, Table):
            return thing
        if id(thing) not in before:
            before[id(thing)] = with_rows(thing, thing.items)
        return before[id(thing)]

    def copy_containers(self: Any, memo: dict[int, Any]) -> Any:
        return copied(self, memo) if isinstance(self.value, dict | list) else self

    DynamoDBBackend.update_item = update
    DynamoDBBackend.transact_write_items = transact
    DynamoType.__deepcopy__ = copy_containers
    for module in (models, responses, tables):
        module.copy = SimpleNamespace(copy=copy.copy, deepcopy=copy_reference)
    Table.all_items = _in_order


def _in_order(table: Any) -> list[Any]:
    items = [item for rows in table.items.values() for item in rows.values()]
    return sorted(items, key=lambda item: (item.hash_key.value, item.range_key.value))


def _parse_conditions_once() -> None:
    """Moto parses each condition three times; the result depends only on the text, its names and its values."""
    from moto.dynamodb.comparisons import ConditionExpressionParser

    original = ConditionExpressionParser.parse
    read: dict[str, Any] = {}

    def parse(self: Any) -> Any:
        inputs = (self.condition_expression, self.expression_attribute_names, self.expression_attribute_values)
        key = repr(inputs)
        if key not in read:
            if len(read) > 1_000:
                read.clear()
            read[key] = original(self), list(self.expr_attr_names_found), list(self.expr_attr_values_found)
        operation, self.expr_attr_names_found[:], self.expr_attr_values_found[:] = read[key]
        return operation

    ConditionExpressionParser.parse = parse


def _parse_updates_once() -> None:
    """Moto parses each update three times, and validates each time what depends only on its text."""
    from moto.dynamodb.parsing import validators
    from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node
    from moto.dynamodb.parsing.expressions import UpdateExpressionParser

    original = UpdateExpressionParser.make
    read: dict[str, Any] = {}
    kept: dict[int, bytes] = {}
    validated: set[tuple[str, str, str]] = set()
    is_kind = cache(issubclass)

    def make(expression: str) -> Any:
        if expression not in read:
            tree = read[expression] = original(expression)
            tree.text = expression
            kept[id(tree)] = pickle.dumps(tree, pickle.HIGHEST_PROTOCOL)
        return read[expression]

    def validate(self: Any) -> Any:
        node = self.node_to_validate
        text = (node.text, repr(self.expression_attribute_names), self.table.name)
        for processor in self.processors[len(_OF_TEXT) if text in validated else 0 :]:
            node = processor.traverse(node)
        assert tuple(type(processor).__name__ for processor in self.processors[: len(_OF_TEXT)]) == _OF_TEXT
        validated.add(text)
        return node

    def traverse(self: Any, node: Any) -> Any:
        steps, kinds = self._processing_map(), self.nodes_to_be_processed()
        self._processing_map, self.nodes_to_be_processed = lambda: steps, lambda: kinds
        return self.traverse_node_recursively(node)

    def recursively(self: Any, node: Any, place: int = -1) -> Any:
        if not is_kind(type(node), Node):
            return node
        parent = node.parent
        for number, child in enumerate(node.children or ()):
            self.pre_processing_of_child(node, number)
            self.traverse_node_recursively(child, number)
        if is_kind(type(node), self.nodes_to_be_processed()):
            node = self.process(node)
            node.parent = parent
            if parent:
                parent.children[place] = node
        return node

    UpdateExpressionParser.make = make
    validators.deepcopy = lambda tree: pickle.loads(kept[id(tree)])  # noqa: S301 pickled above
    validators.UpdateExpressionValidator.validate = validate
    DepthFirstTraverser.traverse = traverse
    DepthFirstTraverser.traverse_node_recursively = recursively


def _measure_items_once() -> None:
    """Moto measures the whole item after each attribute that is set, and converts it for each that is projected."""
    from moto.dynamodb.exceptions import ItemSizeTooLarge
    from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict

    def make(self: Any, hash_key: Any, range_key: Any, attrs: dict[str, Any]) -> None:
        self.hash_key, self.range_key = hash_key, range_key
        self.attrs = LimitedSizeDict()
        dict.update(self.attrs, {name: DynamoType(value) for name, value in attrs.items()})
        if measured(self) > 405_000:
            raise ItemSizeTooLarge

    def project(self: Any, paths: list[list[str]]) -> Any:
        assert all(len(path) == 1 for path in paths), "the product projects whole attributes only"
        return Item(self.hash_key, self.range_key, {name: self.attrs[name] for (name,) in paths if name in self.attrs})

    def size(self: Any) -> int:
        return compute_once(self, "bytes", measured)

    measured = Item.size
    Item.size = size
    Item.__init__ = make
    Item.project = project
