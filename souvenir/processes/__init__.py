"""Stories that cross contexts, one verb a file: commands that commit several contexts at once, and followers."""
