from tests.support.served_fixtures import served_base, served_translator, server

__all__ = ["served_base", "served_translator", "server"]
