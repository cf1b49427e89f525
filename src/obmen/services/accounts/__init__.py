"""Sign-in, sessions, passwords."""
