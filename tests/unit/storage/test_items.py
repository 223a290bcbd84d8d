"""Test the conversion between Python values and typed attributes of DynamoDB."""

from hypothesis import given
from hypothesis import strategies as st

from contact_search.storage.items import from_attributes, to_attribute, to_attributes


def test_values_have_the_types_of_dynamodb() -> None:
    assert to_attribute(1) == {"N": "1"}
    assert to_attribute("text") == {"S": "text"}
    assert to_attribute(b"bytes") == {"B": b"bytes"}


def test_the_key_is_left_out() -> None:
    assert from_attributes({"key": {"S": "k"}, "a": {"N": "1"}}) == {"a": 1}


@given(
    st.dictionaries(
        st.sampled_from("abcd"),
        st.integers(-(10**37), 10**37) | st.text("aé☃\0") | st.binary(),
    )
)
def test_a_written_item_is_read_back(item: dict[str, int | str | bytes]) -> None:
    found = from_attributes(to_attributes(item))
    assert found == item
    assert [type(value) for value in found.values()] == [type(value) for value in item.values()]
