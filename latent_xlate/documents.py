"""Documents made from the files in `templates/`: model cards in Markdown and pages in HTML."""

from __future__ import annotations

import html
import re
import string
from pathlib import Path

import markdown

TEMPLATES = Path(__file__).parent / "templates"


def fill(template: str, **values: object) -> str:
    """Returns the text of a template with its placeholders replaced.

    Args:
        template: Name of a file in `templates/`, with placeholders as `string.Template` defines them.
        **values: The value of each placeholder.

    Raises:
        KeyError: A placeholder has no value.
    """
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    return string.Template(text).substitute(values)


def escaped(text: str) -> str:
    """Returns Markdown that shows a text as it is, such as one with the names of a user's classes."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!])", r"\\\1", html.escape(text, quote=False))


def page(text: str) -> str:
    """Returns an HTML page that shows a text in Markdown, titled by its first line, which is a heading."""
    title = html.escape(text.partition("\n")[0].lstrip("# "))
    return fill("page.html", title=title, body=markdown.markdown(text, extensions=["tables"], output_format="html"))
