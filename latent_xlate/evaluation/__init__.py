"""Evaluation: numbers and figures of how well a translator works (paper, sections 5.1 and 5.2)."""
