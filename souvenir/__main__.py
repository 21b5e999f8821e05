"""`python -m souvenir`: the same as the installed `souvenir` command."""

from souvenir.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
