"""The course, its data and its wheels in one folder that needs no network: making and using it."""
