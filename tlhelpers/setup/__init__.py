"""Everything that runs before the environment exists: the standard library alone."""
