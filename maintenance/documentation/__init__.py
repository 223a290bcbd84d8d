"""The documentation: its links, and the site that `scripts/docs` builds from it."""
