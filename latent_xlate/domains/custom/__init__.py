"""Models of the user's own as a domain."""
