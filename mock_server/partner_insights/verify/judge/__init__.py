"""One request and its response → violations of the contract."""
