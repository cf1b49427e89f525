"""Values of records on their way in."""
