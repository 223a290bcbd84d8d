"""Convert items of DynamoDB to and from Python values."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer

Value = int | str | bytes
Item = dict[str, Any]  # values are int, str or bytes
Attributes = Mapping[str, Mapping[str, Any]]  # an item as the client of DynamoDB has it

_SERIALIZER, _DESERIALIZER = TypeSerializer(), TypeDeserializer()


def to_attribute(value: Value) -> dict[str, Any]:
    """Convert a value to an attribute, such as {"N": "1"}."""
    return _SERIALIZER.serialize(value)  # type: ignore[no-any-return]


def to_attributes(item: Mapping[str, Value]) -> dict[str, Any]:
    """Convert an item to attributes."""
    return {name: to_attribute(value) for name, value in item.items()}


def from_attributes(attributes: Attributes) -> Item:
    """Convert attributes to an item without its key, which the reader knows."""
    return {name: _from_attribute(attribute) for name, attribute in attributes.items() if name != "key"}


def _from_attribute(attribute: Mapping[str, Any]) -> Any:
    value = _DESERIALIZER.deserialize(attribute)
    if isinstance(value, Decimal):
        return int(value)  # tables hold whole numbers only
    return value.value if isinstance(value, Binary) else value
