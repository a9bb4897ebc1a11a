"""Speech as a domain."""
