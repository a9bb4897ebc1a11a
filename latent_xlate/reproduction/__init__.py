"""The paper's tables and figures, made anew."""
