"""Numbers and figures that say how good a translator is (paper, sections 5.1 and 5.2)."""
