"""Files: descriptions in the database, content in the store."""
