"""What other systems send: query strings, forms, JSON, XML."""
