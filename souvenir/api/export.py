"""Writes the schemas of all audiences to the published contract: `python -m souvenir.api.export [folder]`."""

import sys
from pathlib import Path

from graphql import build_schema, lexicographic_sort_schema, print_schema

from souvenir.api.audience import AUDIENCES, Audience
from souvenir.api.published import contract, schema_of


def sdl(audience: Audience) -> str:
    """The schema of an audience as text, everything in alphabetical order so that differences stay small."""
    return print_schema(lexicographic_sort_schema(build_schema(print_schema(schema_of(audience))))) + "\n"


def export(folder: Path) -> list[Path]:
    """Write every audience's schema.graphql; names the files."""
    written = []
    for audience in AUDIENCES:
        file = folder / audience / "schema.graphql"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(sdl(audience), encoding="utf-8")
        written.append(file)
    return written


if __name__ == "__main__":
    export(Path(sys.argv[1]) if len(sys.argv) > 1 else contract())
