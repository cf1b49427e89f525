"""HTTP: the REST API, external requests and pages. Reads requests, calls ``services``, writes answers; decides nothing."""
