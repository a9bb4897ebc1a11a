"""Images as a domain."""
