"""Changes to every page of the site."""

from __future__ import annotations

import re
from typing import Any


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Keeps a mean and its deviation on one line."""
    return re.sub(r"(?<=\d) ± (?=\d)", "\u00a0±\u00a0", markdown)
