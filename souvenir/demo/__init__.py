"""The demo: a small shop group, two days of its history and one trading day, all through the public GraphQL API."""

from souvenir.demo.stage import play

__all__ = ["play"]
