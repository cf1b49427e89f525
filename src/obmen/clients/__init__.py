"""The world outside the database: HTTP, JavaScript, files, secrets, the clock. Implements ``ports``."""
