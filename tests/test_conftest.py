import pytest


@pytest.mark.parametrize("content", [b"\x00\x01", b"plain", b""])
def test_bytes_are_not_part_of_the_names_of_tests(content, request):
    assert request.node.callspec.id in ("content0", "content1", "content2")
