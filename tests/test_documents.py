"""Documents from templates."""

import pytest

from latent_xlate.documents import escaped, fill, page
from tests.test_quickstart import Page


def test_page_shows_the_text_and_is_titled_by_its_heading(tmp_path):
    text = "# Cats & dogs\n\n| a | b |\n|---|---|\n| 1 < 2 | 3 |\n\n![what](figures/mnist_b_to_mnist.png)"
    (tmp_path / "page.html").write_text(page(text))
    shown = Page(tmp_path / "page.html")
    assert (shown.open, shown.cells, shown.links) == ([], ["1 < 2", "3"], ["figures/mnist_b_to_mnist.png"])
    assert "<title>Cats &amp; dogs</title>" in page(text)


def test_values_may_hold_anything_and_none_may_be_missing():
    values = {"seconds": "$5", "exported": "a", "sections": "${table}", "table": "b"}
    filled = fill("quickstart.md", **values)
    assert "in $5 seconds" in filled and "${table}" in filled
    with pytest.raises(KeyError, match="table"):
        fill("quickstart.md", seconds=1, exported="a", sections="")


def test_escaped_text_is_shown_as_it_is(tmp_path):
    text = r"*a* _b_ [c](d) `e` <f> & g\h #1 !x 2. 犬"
    (tmp_path / "page.html").write_text(page(f"# T\n\n| a |\n|---|\n| {escaped(text)} |"), encoding="utf-8")
    shown = Page(tmp_path / "page.html")
    assert (shown.open, "".join(shown.cells), shown.links) == ([], text, [])
