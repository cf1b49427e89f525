"""One file per row of the table: each defines `ROW`."""
