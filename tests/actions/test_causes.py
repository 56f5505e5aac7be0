from uuid import uuid5

from hypothesis import given
from hypothesis import strategies as st

from actions.causes import ACTION_NAMESPACE, named_id


@given(st.text())
def test_an_id_is_the_uuid_of_its_name(name: str) -> None:
    assert named_id(name) == str(uuid5(ACTION_NAMESPACE, name))
